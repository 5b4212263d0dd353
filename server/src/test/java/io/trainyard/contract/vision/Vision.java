package io.trainyard.contract.vision;

import io.trainyard.LiveServer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** A real server and a client of this contract, and bodies to send. */
final class Vision implements AutoCloseable {
    static final String INTERNAL = "internal-token-of-the-tests";
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    final LiveServer server;

    private Vision(LiveServer server) {
        this.server = server;
    }

    /** Runs are simulated, and last until they are stopped. */
    static Vision simulated(Path home) {
        return simulated(home, Map.of());
    }

    static Vision simulated(Path home, Map<String, String> environment) {
        var all = new HashMap<>(Map.of(
                "TRAINER_JOB_RUNNER",
                "mock",
                "TRAINYARD_SIMULATED_RUN_MILLIS",
                "600000",
                "INTERNAL_AUTH_TOKEN",
                INTERNAL));
        all.putAll(environment);
        return with(home, all);
    }

    static Vision with(Path home, Map<String, String> environment) {
        return new Vision(LiveServer.withEnvironment(home, environment));
    }

    /** As the Training Service takes it; the platform takes it too. */
    static ObjectNode body(int id) {
        ObjectNode body = (ObjectNode) LiveServer.JSON.readTree("""
            {"job_id": 0, "framework": "timm", "task_type": "image_classification", "model_name": "resnet50",
             "dataset_path": "datasets/cats", "dataset_format": "imagefolder", "num_classes": 2, "output_dir": "out",
             "epochs": 3, "batch_size": 8, "learning_rate": 0.001}
            """);
        return body.put("job_id", id);
    }

    static ObjectNode body(int id, Consumer<ObjectNode> change) {
        ObjectNode body = body(id);
        change.accept(body);
        return body;
    }

    static VisionSettings settings(Executor standard, boolean fallback, String process, boolean script) {
        Supplier<Optional<String>> address = () -> Optional.of("http://trainyard.example:4000");
        return new VisionSettings(
                standard,
                fallback,
                new VisionSettings.Processes(process, script),
                new VisionSettings.Cluster("training", "ghcr.io/myorg", "v1.0"),
                new VisionSettings.Machine(0, "16Gi", 4),
                Optional.of(INTERNAL),
                address);
    }

    LiveServer.Reply post(String path, JsonNode body) {
        return send("POST", path, body.toString());
    }

    LiveServer.Reply post(String path) {
        return send("POST", path, "");
    }

    LiveServer.Reply send(String method, String path, String body, String... headers) {
        var request = server.anonymous(method, "/vision" + path, body);
        if (headers.length > 0) request.headers(headers);
        return server.send(request);
    }

    LiveServer.Reply get(String path) {
        return send("GET", path, "");
    }

    LiveServer.Reply call(String method, int id, String what, String body) {
        return send(method, "/internal/training/" + id + "/" + what, body, "X-Internal-Auth", INTERNAL);
    }

    /** The job as our own API shows it. */
    JsonNode ours(int id) {
        String job =
                get("/api/v1/training/jobs/" + id).json().get("execution_id").stringValue();
        return server.send(server.anonymous("GET", "/api/v1/jobs/" + job, "")).json();
    }

    String events(int id) {
        String job = ours(id).get("id").stringValue();
        return server.send(server.anonymous("GET", "/api/v1/jobs/" + job + "/events", ""))
                .text();
    }

    /** Until our own API says one of these states. */
    void await(int id, Set<String> states) {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (!states.contains(ours(id).get("state").stringValue())) {
            if (System.nanoTime() > end) throw new IllegalStateException("waited in vain: " + ours(id));
            try {
                Thread.sleep(20);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    @Override
    public void close() {
        server.close();
    }
}
