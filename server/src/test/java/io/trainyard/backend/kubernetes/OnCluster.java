package io.trainyard.backend.kubernetes;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.trainyard.LiveServer;
import io.trainyard.cluster.Cluster;
import io.trainyard.cluster.FaultProxy;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** The whole server with its jobs on the test cluster and the rights we publish, and what tests ask of both. */
final class OnCluster implements AutoCloseable {
    private final Path home;
    private final Map<String, String> environment;
    private final String namespace;
    private LiveServer server;

    OnCluster(Path home, Cluster cluster, String namespace, String... further) {
        this(home, Rights.granted(cluster, namespace), namespace, further);
    }

    /** By way of a proxy that the calls of the server's account go through. */
    OnCluster(Path home, FaultProxy proxy, String namespace, String... further) {
        this(home, proxy.kubeconfig(), namespace, further);
    }

    /** On one that nobody answers for. */
    OnCluster(Path home, String address, String namespace) {
        this(home, Rights.nobody(home, address), namespace);
    }

    private OnCluster(Path home, Path kubeconfig, String namespace, String... further) {
        this.home = home;
        this.namespace = namespace;
        var variables = new HashMap<>(Map.of(
                "KUBECONFIG", kubeconfig.toString(), "K8S_NAMESPACE", namespace, "K8S_TRAINING_IMAGE", "trainer:1"));
        for (int i = 0; i < further.length; i += 2) variables.put(further[i], further[i + 1]);
        this.environment = Map.copyOf(variables);
        this.server = LiveServer.onKubernetes(home, environment);
    }

    LiveServer server() {
        return server;
    }

    /** As after a crash: what runs on the cluster goes on. */
    void restart() {
        server.close();
        reopen();
    }

    void reopen() {
        server = LiveServer.onKubernetes(home, environment);
    }

    /** A job that runs this command. */
    static ObjectNode job(String... command) {
        ObjectNode job = LiveServer.JSON.createObjectNode().put("name", "train").put("framework", "custom");
        var words = job.putObject("container").putArray("command");
        for (String word : command) words.add(word);
        job.putObject("resources").put("cpus", 1).put("memory_gib", 1);
        return job;
    }

    static ObjectNode shell(String script) {
        return job("sh", "-c", script);
    }

    String submit(JsonNode job) {
        return server.job(job.toString());
    }

    JsonNode await(String id, String state) {
        return server.await(id, state);
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

    List<Job> jobs(Cluster cluster, String id) {
        return cluster.client()
                .batch()
                .v1()
                .jobs()
                .inNamespace(namespace)
                .withLabel("trainyard.io/job", id)
                .list()
                .getItems();
    }

    List<Pod> pods(Cluster cluster, String id) {
        return cluster.client()
                .pods()
                .inNamespace(namespace)
                .withLabel("trainyard.io/job", id)
                .list()
                .getItems();
    }

    int secrets(Cluster cluster, String id) {
        return cluster.client()
                .secrets()
                .inNamespace(namespace)
                .withLabel("trainyard.io/job", id)
                .list()
                .getItems()
                .size();
    }

    String namespace() {
        return namespace;
    }

    @Override
    public void close() {
        server.close();
    }
}
