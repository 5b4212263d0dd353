package io.trainyard.contract.studio;

import io.trainyard.LiveServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** A real server and a client of this contract; the training script is a shell script, so that tests say what it does. */
final class Studio implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final Set<String> OVER = Set.of("succeeded", "failed", "cancelled");

    final LiveServer server;

    private Studio(LiveServer server) {
        this.server = server;
    }

    static Studio with(Path home, Map<String, String> environment) {
        return new Studio(LiveServer.withEnvironment(home, environment));
    }

    /** Local jobs run this script by /bin/sh, its flags being its arguments. */
    static Studio running(Path home, String script) {
        return running(home, script, Map.of());
    }

    static Studio running(Path home, String script, Map<String, String> environment) {
        try {
            Path file = home.resolve("script.sh");
            Files.writeString(file, script);
            var all = new HashMap<>(environment);
            all.put("PYTHON_BIN", "/bin/sh");
            all.put("TRAIN_SCRIPT_PATH", file.toString());
            all.put("DEFAULT_TRAINING_BACKEND", "local");
            return with(home, all);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    static Studio dry(Path home) {
        return with(home, Map.of("K8S_TRAINING_IMAGE", "registry.example/trainer:1"));
    }

    LiveServer.Reply post(String path, String body) {
        return server.send(server.anonymous("POST", "/studio" + path, body).header("Content-Type", "application/json"));
    }

    LiveServer.Reply get(String path) {
        return server.send(server.anonymous("GET", "/studio" + path, ""));
    }

    LiveServer.Reply delete(String path) {
        return server.send(server.anonymous("DELETE", "/studio" + path, ""));
    }

    static ObjectNode body() {
        return LiveServer.JSON
                .createObjectNode()
                .put("dataset_file", "gs://data/train.jsonl")
                .put("output_dir", "gs://data/out");
    }

    /** Submits and answers the job. */
    JsonNode train(ObjectNode body) {
        var reply = post("/train", body.toString());
        if (reply.status() != 202) throw new IllegalStateException(reply.text());
        return reply.json().get("job");
    }

    String id(ObjectNode body) {
        return train(body).get("id").stringValue();
    }

    JsonNode job(String id) {
        return get("/jobs/" + id).json().get("job");
    }

    JsonNode finished(String id) {
        return await(id, OVER);
    }

    JsonNode await(String id, Set<String> words) {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            JsonNode job = get("/jobs/" + id + "?limit=50").json().get("job");
            boolean there = words.contains(job.get("status").stringValue());
            boolean settled = !OVER.containsAll(words) || !job.get("finishedAt").isNull();
            if (there && settled) return job(id);
            if (System.nanoTime() > end) throw new IllegalStateException("waited in vain: " + job);
            try {
                Thread.sleep(20);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    /** All messages, page by page. */
    StringBuilder allMessages(String id) {
        var text = new StringBuilder();
        for (long next = 1, last = 1; next <= last; ) {
            JsonNode page = get("/jobs/" + id + "?from=" + next).json().get("job");
            for (JsonNode entry : page.get("logs"))
                text.append(entry.get("message").stringValue()).append('\n');
            next = page.get("logsNext").longValue();
            last = page.get("logsLast").longValue();
        }
        return text;
    }

    @Override
    public void close() {
        server.close();
    }
}
