package io.trainyard.backend.kubeflow;

import io.trainyard.spec.Container;
import io.trainyard.spec.Container.Variable;
import io.trainyard.spec.JobSpec;
import io.trainyard.spec.Resources;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A job as the PyTorchJob that would run it; pure. */
final class PyTorchJob {
    /** The training operator refuses, at its validating webhook, a job whose container has another name. */
    private static final String CONTAINER = "pytorch";

    private static final String ON_FAILURE = "OnFailure";

    private final JobSpec spec;
    private final String name;
    private final String namespace;

    PyTorchJob(JobSpec spec, String defaultNamespace) {
        this.spec = spec;
        name = ClusterName.of(spec.name());
        namespace = spec.placement().namespace().orElse(defaultNamespace);
    }

    String manifest() {
        var replicas = new LinkedHashMap<String, Object>();
        int nodes = spec.resources().nodes();
        replicas.put("Master", replica(1));
        if (nodes > 1) replicas.put("Worker", replica(nodes - 1));
        return Yaml.of(object(
                "apiVersion",
                "kubeflow.org/v1",
                "kind",
                "PyTorchJob",
                "metadata",
                metadata(),
                "spec",
                object("pytorchReplicaSpecs", replicas)));
    }

    private Map<String, Object> metadata() {
        var metadata = object("name", name, "namespace", namespace);
        if (!spec.labels().isEmpty()) metadata.put("labels", spec.labels());
        if (!spec.annotations().isEmpty()) metadata.put("annotations", spec.annotations());
        return metadata;
    }

    private Map<String, Object> replica(int replicas) {
        return object(
                "replicas",
                replicas,
                "restartPolicy",
                ON_FAILURE,
                "template",
                object("spec", object("restartPolicy", ON_FAILURE, "containers", List.of(container()))));
    }

    private Map<String, Object> container() {
        Container asked = spec.container();
        var container = object("name", CONTAINER);
        asked.image().ifPresent(image -> container.put("image", image));
        container.put("imagePullPolicy", "IfNotPresent");
        List<String> command = command();
        if (!command.isEmpty()) container.put("command", command);
        if (!asked.arguments().isEmpty())
            container.put(
                    "args", asked.arguments().stream().map(PyTorchJob::literal).toList());
        if (!asked.environment().isEmpty())
            container.put(
                    "env", asked.environment().stream().map(this::variable).toList());
        Map<String, Object> amounts = amounts(spec.resources());
        container.put("resources", object("requests", amounts, "limits", amounts));
        return container;
    }

    /** The job's own; without one its arguments are a program for torchrun, which every replica starts alike. */
    List<String> command() {
        Container asked = spec.container();
        if (!asked.command().isEmpty())
            return asked.command().stream().map(PyTorchJob::literal).toList();
        if (asked.arguments().isEmpty()) return List.of();
        return List.of(
                "torchrun",
                "--nproc_per_node=" + spec.resources().processesPerNode(),
                "--nnodes=" + spec.resources().nodes(),
                "--node_rank=$(RANK)",
                "--master_addr=$(MASTER_ADDR)",
                "--master_port=$(MASTER_PORT)");
    }

    private Object variable(Variable variable) {
        return switch (variable) {
            case Variable.Plain plain -> object("name", plain.name(), "value", literal(plain.value()));
            case Variable.Secret secret ->
                object(
                        "name",
                        secret.name(),
                        "valueFrom",
                        object(
                                "secretKeyRef",
                                object(
                                        "name",
                                        name + "-secrets",
                                        "key",
                                        secret.secret().name())));
            case Variable.FromCluster there ->
                object(
                        "name",
                        there.name(),
                        "valueFrom",
                        object(
                                there.kind() == Variable.FromCluster.Kind.SECRET ? "secretKeyRef" : "configMapKeyRef",
                                object("name", there.object(), "key", there.key(), "optional", true)));
        };
    }

    private static Map<String, Object> amounts(Resources resources) {
        var amounts = object("cpu", String.valueOf(resources.cpus()), "memory", resources.memoryGib() + "Gi");
        if (resources.gpus() > 0) amounts.put("nvidia.com/gpu", String.valueOf(resources.gpus()));
        return amounts;
    }

    /** Kubernetes reads {@code $(NAME)} as a reference and {@code $$} as one dollar sign. */
    static String literal(String text) {
        var out = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            char each = text.charAt(i);
            out.append(each);
            boolean special = each == '$' && i + 1 < text.length() && "$(".indexOf(text.charAt(i + 1)) >= 0;
            if (special) out.append('$');
        }
        return out.toString();
    }

    /** In the order given. */
    private static Map<String, Object> object(Object... namesAndValues) {
        var object = new LinkedHashMap<String, Object>();
        for (int i = 0; i < namesAndValues.length; i += 2)
            object.put(String.valueOf(namesAndValues[i]), namesAndValues[i + 1]);
        return object;
    }

    /** What keeps any cluster from running it. */
    List<String> objections() {
        var objections = new ArrayList<String>();
        if (spec.container().image().isEmpty())
            objections.add("container.image: none, and a PyTorchJob runs nothing without one; name an image");
        return objections;
    }
}
