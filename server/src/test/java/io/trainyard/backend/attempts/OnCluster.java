package io.trainyard.backend.attempts;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.trainyard.LiveServer;
import io.trainyard.cluster.Cluster;
import io.trainyard.cluster.FaultProxy;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** The whole server with its jobs on the test cluster and the rights we publish, and what tests ask of both. */
public final class OnCluster implements AutoCloseable {
    public static final String JOB = "trainyard.io/job";

    private static final Path RUNTIMES = Path.of("../deploy/kubeflow");

    private final Path home;
    private final Cluster cluster;
    private final String namespace;
    private final Map<String, String> environment;
    private final Map<String, String> names = new HashMap<>();
    private LiveServer server;

    public OnCluster(Path home, Cluster cluster, String namespace, String... further) {
        this(home, cluster, Rights.granted(cluster, namespace), namespace, further);
    }

    /** By way of a proxy that the calls of the server's account go through. */
    public OnCluster(Path home, Cluster cluster, FaultProxy proxy, String namespace, String... further) {
        this(home, cluster, proxy.kubeconfig(), namespace, further);
    }

    /** With a kubeconfig of whoever may be allowed nothing. */
    public OnCluster(Path home, Cluster cluster, Path kubeconfig, String namespace, String... further) {
        this.home = home;
        this.cluster = cluster;
        this.namespace = namespace;
        var variables = new HashMap<>(Map.of(
                "KUBECONFIG",
                kubeconfig.toString(),
                "K8S_NAMESPACE",
                namespace,
                "TRAINER_JOBS_NAMESPACE",
                namespace,
                "K8S_TRAINING_IMAGE",
                "trainer:1"));
        for (int i = 0; i < further.length; i += 2) variables.put(further[i], further[i + 1]);
        this.environment = Map.copyOf(variables);
        applyRuntimes(cluster);
        this.server = LiveServer.onKubernetes(home, environment);
    }

    /** Settings for where no pod has output that could be read, and further ones: names and values in turn. */
    public static String[] withoutOutput(String... further) {
        return Stream.concat(Stream.of("TRAINYARD_KUBERNETES_LOGS_SETTLE_SECONDS", "0"), Stream.of(further))
                .toArray(String[]::new);
    }

    /** The files as they are delivered. */
    public static void applyRuntimes(Cluster cluster) {
        try (var files = Files.list(RUNTIMES)) {
            for (Path file : files.filter(it -> it.toString().endsWith(".yaml")).toList()) {
                var runtime = cluster.client().resource(Files.readString(file));
                if (runtime.get() == null) runtime.create();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public LiveServer server() {
        return server;
    }

    public String namespace() {
        return namespace;
    }

    /** As after a crash: what runs on the cluster goes on. */
    public void restart() {
        server.close();
        reopen();
    }

    public void reopen() {
        server = LiveServer.onKubernetes(home, environment);
    }

    /**
     * A job whose pods, on nodes that are only objects, do this.
     *
     * @param marks names and values in turn, as cluster/README.md has them
     */
    public ObjectNode scripted(Kind kind, String... marks) {
        var all = new TreeMap<String, String>();
        for (int i = 0; i < marks.length; i += 2) all.put("cluster.trainyard.io/" + marks[i], marks[i + 1]);
        ObjectNode job = kind.shell("true");
        ObjectNode annotations = job.putObject("annotations");
        all.forEach(annotations::put);
        // This release lets a TrainJob say nothing of the annotations of its pods: its namespace does.
        if (kind == Kind.TRAIN_JOB) {
            all.remove("cluster.trainyard.io/number");
            String place = cluster.namespaceThat(all);
            Rights.granted(cluster, place);
            job.withObject("/placement").put("namespace", place);
        }
        return job;
    }

    public String submit(JsonNode job) {
        return server.job(job.toString());
    }

    public JsonNode await(String id, String state) {
        JsonNode job = server.await(id, state);
        name(id);
        return job;
    }

    private void name(String id) {
        if (!names.containsKey(id))
            for (Kind kind : Kind.values())
                objects(kind, id).forEach(it -> names.put(id, it.getMetadata().getName()));
    }

    /** Until it waits for a reason of this kind. */
    public JsonNode awaitReason(String id, String kind) {
        JsonNode job =
                server.await(id, each -> each.at("/reason/kind").asString("").equals(kind));
        name(id);
        return job;
    }

    public String state(String id) {
        return server.get("/api/v1/jobs/" + id).json().path("state").asString("");
    }

    public void cancel(String id) {
        server.post("/api/v1/jobs/" + id + "/cancel", "");
    }

    public void cancelled(String id) {
        cancel(id);
        await(id, "cancelled");
    }

    /** It runs and has come so far as to print this; a trap set before is set. */
    public void awaitLine(String id, String line) {
        await(id, "running");
        Cluster.until("it prints " + line, () -> lines(id).contains(line));
    }

    /** Does not wait until its next attempt is due. */
    public void hurry(String id) {
        server.post("/api/v1/jobs/" + id + "/pause", "");
        await(id, "paused");
        server.post("/api/v1/jobs/" + id + "/resume", "");
    }

    public List<String> lines(String id) {
        return lines(id, 0);
    }

    public List<String> lines(String id, int rank) {
        var lines = new ArrayList<String>();
        for (JsonNode line : server.get("/api/v1/jobs/" + id + "/logs").json().path("lines"))
            if (line.path("rank").asInt() == rank) lines.add(line.path("text").asString());
        return lines;
    }

    /** In whatever namespace. */
    public List<GenericKubernetesResource> objects(Kind kind, String id) {
        return cluster.client()
                .genericKubernetesResources(kind.apiVersion, kind.word)
                .inAnyNamespace()
                .withLabel(JOB, id)
                .list()
                .getItems();
    }

    public Resource<GenericKubernetesResource> object(Kind kind, String id) {
        return cluster.client().resource(objects(kind, id).getFirst());
    }

    /** As somebody does it who knows nothing of us. */
    public void suspend(Kind kind, String id, boolean held) {
        object(kind, id).patch(PatchContext.of(PatchType.JSON_MERGE), kind.suspension(held));
    }

    public boolean succeeded(Kind kind, String id) {
        return kind.succeeded(objects(kind, id).getFirst());
    }

    /** Those of batch/v1, with all their fields. */
    public List<Job> jobs(String id) {
        return cluster.client()
                .batch()
                .v1()
                .jobs()
                .inNamespace(namespace)
                .withLabel(JOB, id)
                .list()
                .getItems();
    }

    /** Of a Job, also of its earlier attempts. */
    public List<Pod> pods(String id) {
        return cluster.client()
                .pods()
                .inNamespace(namespace)
                .withLabel(JOB, id)
                .list()
                .getItems();
    }

    /** Of the object that the job had when it was first waited for, whether that is there or not. */
    public List<Pod> pods(Kind kind, String id) {
        return cluster.client().pods().inAnyNamespace().withLabel(kind.owner).list().getItems().stream()
                .filter(pod -> Objects.equals(pod.getMetadata().getLabels().get(kind.owner), names.get(id)))
                .toList();
    }

    /** Secrets and Services. */
    public int companions(String id) {
        var secrets = cluster.client().secrets().inNamespace(namespace).withLabel(JOB, id);
        var services = cluster.client().services().inNamespace(namespace).withLabel(JOB, id);
        return secrets.list().getItems().size() + services.list().getItems().size();
    }

    public static void touch(Path file) {
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
