package io.trainyard;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Asks the server the ordinary things often enough that a start cache holds the classes they need and the counts by
 * which the compiler knows what is worth its while. Its jobs do nothing, so the home folder should be one to throw away.
 */
final class Warmup {
    private static final int ROUNDS = 300;
    private static final String JOB = """
            {"name":"warm-up","model":{"name":"none"},"placement":{"backends":["simulated"]},
             "annotations":{"trainyard.simulated/script":"run 1ms, succeed"}}""";
    /** Refused where commands are not allowed; the way to its start is long and cold without it. */
    private static final String LOCAL_JOB = """
            {"name":"warm-up","framework":"custom","model":{"name":"none"},"placement":{"backends":["local"]},
             "container":{"command":["true"]},"resources":{"gpus":0,"cpus":1,"memory_gib":1}}""";

    private static final int ROUNDS_TO_A_LOCAL_JOB = 3;
    private static final String TRAINER_JOB = """
            {"job_id":"warm-up-ROUND","base_model":{"provider":"huggingface","model_name":"none"},
             "datasets":[{"source":"none","format":"hf"}],"customization":{"method":"lora"},"resources":{},
             "artifacts":{"log_uri":"none","output_uri":"none"},"tuning_parameters":{},
             "extra_parameters":{"unsloth":{},"trainer_args":"none","trainer_env":{"NONE":"none"}}}""";

    private final HttpClient client;
    private final String server;
    private final Optional<String> token;

    private Warmup(HttpClient client, int port, Optional<String> token) {
        this.client = client;
        this.server = "http://127.0.0.1:" + port;
        this.token = token;
    }

    static void run(int port, Optional<String> token) throws InterruptedException {
        try (var client = HttpClient.newHttpClient()) {
            var warmup = new Warmup(client, port, token);
            for (int round = 0; round < ROUNDS; round++) warmup.round(round);
        } catch (IOException e) {
            throw new IllegalStateException("the server does not answer itself", e);
        }
    }

    private void round(int round) throws IOException, InterruptedException {
        ask("/health", null);
        ask("/hf-unsloth/healthz", null);
        ask("/api/v1/jobs?dry_run=true", JOB);
        ask("/api/v1/jobs", JOB);
        ask("/api/v1/jobs?limit=5", null);
        ask("/hf-unsloth/train", TRAINER_JOB.replace("ROUND", Integer.toString(round)));
        ask("/hf-unsloth/train/warm-up-" + round, null);
        if (round % ROUNDS_TO_A_LOCAL_JOB == 0) ask("/api/v1/jobs", LOCAL_JOB);
    }

    private void ask(String path, @Nullable String body) throws IOException, InterruptedException {
        var request = HttpRequest.newBuilder(URI.create(server + path));
        token.ifPresent(text -> request.header("Authorization", "Bearer " + text));
        if (body != null) request.POST(BodyPublishers.ofString(body));
        var _ = client.send(request.build(), BodyHandlers.discarding());
    }
}
