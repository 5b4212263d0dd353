package io.trainyard.backend.kubernetes;

import io.trainyard.spec.Container.Variable;
import io.trainyard.spec.JobSpec;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.core.util.DefaultIndenter;
import tools.jackson.core.util.DefaultPrettyPrinter;
import tools.jackson.core.util.Separators;
import tools.jackson.databind.ObjectWriter;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Draws a job as a batch/v1 Job, as indented JSON. Secret values are never in it: it names where they are to lie. */
final class JobManifest {
    private static final JsonMapper JSON = new JsonMapper();
    /** As other tools indent JSON: two blanks, no blank before a colon, one item a line. */
    private static final ObjectWriter WRITER = JSON.writer()
            .with(new DefaultPrettyPrinter(Separators.createDefaultInstance()
                            .withObjectNameValueSpacing(Separators.Spacing.AFTER)
                            .withObjectEmptySeparator("")
                            .withArrayEmptySeparator(""))
                    .withArrayIndenter(DefaultIndenter.SYSTEM_LINEFEED_INSTANCE));

    private final JobSpec spec;
    private final KubernetesSettings settings;
    private final String name;

    private JobManifest(JobSpec spec, KubernetesSettings settings) {
        this.spec = spec;
        this.settings = settings;
        this.name = JobName.of(spec.name());
    }

    static String of(JobSpec spec, KubernetesSettings settings) {
        return WRITER.writeValueAsString(new JobManifest(spec, settings).job());
    }

    private ObjectNode job() {
        ObjectNode job = JSON.createObjectNode().put("apiVersion", "batch/v1").put("kind", "Job");
        ObjectNode metadata = job.putObject("metadata")
                .put("name", name)
                .put("namespace", spec.placement().namespace().orElse(settings.namespace()));
        metadata.set("labels", labels());
        ObjectNode body =
                job.putObject("spec").put("backoffLimit", settings.retention().backoffLimit());
        settings.retention().secondsAfterFinished().ifPresent(seconds -> body.put("ttlSecondsAfterFinished", seconds));
        spec.policy().maxDuration().ifPresent(limit -> body.put("activeDeadlineSeconds", limit.toSeconds()));
        ObjectNode template = body.putObject("template");
        template.putObject("metadata").set("labels", labels());
        template.set("spec", pod());
        return job;
    }

    private ObjectNode labels() {
        ObjectNode labels = JSON.createObjectNode().put("app.kubernetes.io/managed-by", "trainyard");
        new TreeMap<>(spec.labels()).forEach(labels::put);
        spec.placement().queue().ifPresent(queue -> labels.put("kueue.x-k8s.io/queue-name", queue));
        return labels;
    }

    private ObjectNode pod() {
        var asked = settings.pods();
        ObjectNode pod = JSON.createObjectNode().put("restartPolicy", asked.restartPolicy().word);
        asked.serviceAccount().ifPresent(account -> pod.put("serviceAccountName", account));
        if (!asked.nodeSelector().isEmpty()) pod.set("nodeSelector", JSON.valueToTree(asked.nodeSelector()));
        if (!asked.tolerations().isEmpty()) pod.set("tolerations", JSON.valueToTree(asked.tolerations()));
        if (!asked.imagePullSecrets().isEmpty()) {
            ArrayNode secrets = pod.putArray("imagePullSecrets");
            for (String secret : asked.imagePullSecrets()) secrets.addObject().put("name", secret);
        }
        pod.putArray("containers").add(container());
        return pod;
    }

    private ObjectNode container() {
        var asked = spec.container();
        ObjectNode container = JSON.createObjectNode()
                .put("name", "trainer")
                .put("image", asked.image().or(settings::image).orElse(""));
        if (!asked.command().isEmpty()) words(container.putArray("command"), asked.command());
        words(container.putArray("args"), asked.arguments());
        container.set("env", environment());
        ObjectNode resources = resources();
        if (!resources.isEmpty()) container.set("resources", resources);
        return container;
    }

    private static void words(ArrayNode list, List<String> words) {
        for (String word : words) list.add(verbatim(word));
    }

    /** {@code $(NAME)} would be expanded by the cluster, a secret variable into the open. */
    private static String verbatim(String value) {
        return value.replace("$(", "$$(");
    }

    private ArrayNode environment() {
        ArrayNode environment = JSON.createArrayNode();
        for (Variable variable : spec.container().environment()) {
            switch (variable) {
                case Variable.Plain plain ->
                    environment.addObject().put("name", plain.name()).put("value", verbatim(plain.value()));
                case Variable.Secret secret -> secret(environment, secret.name());
            }
        }
        spec.datasets()
                .forEach(dataset -> new TreeMap<>(dataset.credentials())
                        .keySet()
                        .forEach(field -> once(environment, field.toUpperCase(Locale.ROOT))));
        spec.model().token().ifPresent(_ -> once(environment, "HF_TOKEN"));
        return environment;
    }

    /** The job's own variable of that name goes first. */
    private void once(ArrayNode environment, String variable) {
        for (var each : environment) if (each.path("name").asString("").equals(variable)) return;
        secret(environment, variable);
    }

    private void secret(ArrayNode environment, String variable) {
        environment
                .addObject()
                .put("name", variable)
                .putObject("valueFrom")
                .putObject("secretKeyRef")
                .put("name", JobName.secretOf(name))
                .put("key", variable);
    }

    private ObjectNode resources() {
        ObjectNode resources = JSON.createObjectNode();
        var asked = spec.resources();
        Map<String, String> limits = settings.pods()
                .limits()
                .orElseGet(
                        () -> asked.gpus() > 0 ? Map.of("nvidia.com/gpu", Integer.toString(asked.gpus())) : Map.of());
        if (!limits.isEmpty()) limits.forEach(resources.putObject("limits")::put);
        return resources;
    }
}
