package io.trainyard.backend.kubeflow;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.GenericKubernetesResourceList;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.dsl.MixedOperation;
import io.fabric8.kubernetes.client.dsl.NonNamespaceOperation;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.trainyard.LiveServer;
import io.trainyard.backend.kubernetes.Rights;
import io.trainyard.cluster.Cluster;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** The whole server with its jobs as objects of Kubeflow on the test cluster and the rights we publish, and what tests ask of both. */
final class OnKubeflow implements AutoCloseable {
    private static final Path RUNTIMES = Path.of("../deploy/kubeflow");

    private final Path home;
    private final Cluster cluster;
    private final String namespace;
    private final Map<String, String> environment;
    private final Map<String, String> names = new HashMap<>();
    private LiveServer server;

    OnKubeflow(Path home, Cluster cluster, String... further) {
        this(home, cluster, cluster.hostNamespace(), further);
    }

    OnKubeflow(Path home, Cluster cluster, String namespace, String... further) {
        this.home = home;
        this.cluster = cluster;
        this.namespace = namespace;
        var variables = new HashMap<>(Map.of(
                "KUBECONFIG",
                Rights.granted(cluster, namespace).toString(),
                "TRAINER_JOBS_NAMESPACE",
                namespace,
                "K8S_TRAINING_IMAGE",
                "trainer:1"));
        for (int i = 0; i < further.length; i += 2) variables.put(further[i], further[i + 1]);
        this.environment = Map.copyOf(variables);
        applyRuntimes(cluster);
        this.server = LiveServer.onKubernetes(home, environment);
    }

    /** The files as they are delivered. */
    static void applyRuntimes(Cluster cluster) {
        try (var files = Files.list(RUNTIMES)) {
            for (Path file : files.filter(it -> it.toString().endsWith(".yaml")).toList()) {
                var runtime = cluster.client().resource(Files.readString(file));
                if (runtime.get() == null) runtime.create();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    LiveServer server() {
        return server;
    }

    Cluster cluster() {
        return cluster;
    }

    String namespace() {
        return namespace;
    }

    /** What runs on the cluster goes on. */
    void restart() {
        server.close();
        reopen();
    }

    void reopen() {
        server = LiveServer.onKubernetes(home, environment);
    }

    /** The two kinds, and what the same job looks like for each. */
    enum Kind {
        PYTORCH_JOB("kubeflow.org/v1", "PyTorchJob", "training.kubeflow.org/job-name", "MASTER_ADDR", "Succeeded"),
        TRAIN_JOB(
                "trainer.kubeflow.org/v1alpha1",
                "TrainJob",
                "jobset.sigs.k8s.io/jobset-name",
                "PET_MASTER_ADDR",
                "Complete");

        final String apiVersion;
        final String word;
        final String owner;
        final String master;
        final String success;

        Kind(String apiVersion, String word, String owner, String master, String success) {
            this.apiVersion = apiVersion;
            this.word = word;
            this.owner = owner;
            this.master = master;
            this.success = success;
        }

        /** A job that runs this line. */
        ObjectNode shell(String script) {
            return job("sh", "-c", script);
        }

        ObjectNode job(String... command) {
            ObjectNode job =
                    LiveServer.JSON.createObjectNode().put("name", "train").put("framework", "custom");
            var words = job.putObject("container").putArray("command");
            for (String word : command) words.add(word);
            job.putObject("resources").put("cpus", 1).put("memory_gib", 1);
            ObjectNode placement = job.putObject("placement");
            placement.putArray("backends").add("kubeflow");
            if (this == TRAIN_JOB) placement.put("runtime", "hf-unsloth-runtime");
            return job;
        }
    }

    String submit(JsonNode job) {
        return server.job(job.toString());
    }

    JsonNode await(String id, String state) {
        JsonNode job = server.await(id, state);
        if (!names.containsKey(id))
            objects(id).forEach(it -> names.put(id, it.getMetadata().getName()));
        return job;
    }

    List<String> lines(String id) {
        return lines(id, 0);
    }

    List<String> lines(String id, int rank) {
        var lines = new ArrayList<String>();
        for (JsonNode line : server.get("/api/v1/jobs/" + id + "/logs").json().path("lines"))
            if (line.path("rank").asInt() == rank) lines.add(line.path("text").asString());
        return lines;
    }

    private NonNamespaceOperation<
                    GenericKubernetesResource, GenericKubernetesResourceList, Resource<GenericKubernetesResource>>
            objects(Kind kind) {
        MixedOperation<GenericKubernetesResource, GenericKubernetesResourceList, Resource<GenericKubernetesResource>>
                all = cluster.client().genericKubernetesResources(kind.apiVersion, kind.word);
        return all.inNamespace(namespace);
    }

    private List<GenericKubernetesResource> objects(String id) {
        return Stream.of(Kind.values())
                .flatMap(kind -> objects(kind, id).stream())
                .toList();
    }

    List<GenericKubernetesResource> objects(Kind kind, String id) {
        return objects(kind).withLabel("trainyard.io/job", id).list().getItems();
    }

    Resource<GenericKubernetesResource> object(Kind kind, String id) {
        return objects(kind).withName(objects(kind, id).getFirst().getMetadata().getName());
    }

    /** As somebody does it who knows nothing of us. */
    void suspend(Kind kind, String id, boolean held) {
        String spec = kind == Kind.TRAIN_JOB ? "{\"suspend\": %s}" : "{\"runPolicy\": {\"suspend\": %s}}";
        object(kind, id).patch(PatchContext.of(PatchType.JSON_MERGE), "{\"spec\": " + spec.formatted(held) + "}");
    }

    boolean succeeded(Kind kind, String id) {
        var object = LiveServer.JSON.valueToTree(objects(kind, id).getFirst().getAdditionalProperties());
        for (JsonNode each : object.at("/status/conditions"))
            if (each.path("type").asString("").equals(kind.success)
                    && each.path("status").asString("").equals("True")) return true;
        return false;
    }

    /** Of the job's first attempt, whether its object is there or not. */
    List<Pod> pods(Kind kind, String id) {
        return cluster.client().pods().inNamespace(namespace).withLabel(kind.owner).list().getItems().stream()
                .filter(pod -> Objects.equals(pod.getMetadata().getLabels().get(kind.owner), names.get(id)))
                .toList();
    }

    int secrets(String id) {
        return cluster.client()
                .secrets()
                .inNamespace(namespace)
                .withLabel("trainyard.io/job", id)
                .list()
                .getItems()
                .size();
    }

    /** It runs and has come so far as to print this; a trap set before is set. */
    void awaitLine(String id, String line) {
        await(id, "running");
        Cluster.until("it prints " + line, () -> lines(id).contains(line));
    }

    /** Does not wait until its next attempt is due. */
    void hurry(String id) {
        server.post("/api/v1/jobs/" + id + "/pause", "");
        await(id, "paused");
        server.post("/api/v1/jobs/" + id + "/resume", "");
    }

    static void touch(Path file) {
        try {
            Files.createFile(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        server.close();
    }
}
