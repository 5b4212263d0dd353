package io.trainyard.contract.vision;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.LiveServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The Training Service: start, status, stop. */
class TrainingServiceTest {
    @TempDir
    Path home;

    @Test
    void F56_fifty_jobs_are_started_at_once_and_none_is_unknown_right_after() throws Exception {
        try (var vision = Vision.simulated(home)) {
            var threads = IntStream.range(0, 50)
                    .mapToObj(id -> Thread.ofVirtual().start(() -> {
                        var started = vision.post("/training/start", Vision.body(id));
                        assertEquals(200, started.status(), started.text());
                    }))
                    .toList();
            for (Thread thread : threads) thread.join();
            for (int id = 0; id < 50; id++) assertEquals("running", word(vision, id));
        }
    }

    @Test
    void F56_a_stopped_job_stays_stopped_and_its_id_is_free_again() {
        try (var vision = Vision.simulated(home)) {
            assertEquals(
                    "{\"job_id\":5,\"status\":\"started\",\"message\":\"Training job 5 started\"}",
                    vision.post("/training/start", Vision.body(5)).text());
            vision.await(5, Set.of("running"));
            var stopped = vision.post("/training/stop/5");
            assertEquals("stopped", stopped.json().get("status").stringValue());
            vision.await(5, Set.of("cancelled"));
            assertEquals(
                    "{\"job_id\":5,\"status\":\"stopped\",\"error\":null}",
                    vision.get("/training/status/5").text());
            assertEquals(
                    "already_stopped",
                    vision.post("/training/stop/5").json().get("status").stringValue());
            assertEquals(200, vision.post("/training/start", Vision.body(5)).status());
            assertEquals("running", word(vision, 5));
        }
    }

    @Test
    void F53_the_same_id_while_it_runs_is_refused_and_the_running_job_untouched() {
        try (var vision = Vision.simulated(home)) {
            vision.post("/training/start", Vision.body(6));
            assertEquals(409, vision.post("/training/start", Vision.body(6)).status());
            assertEquals(
                    409,
                    vision.post("/training/start", Vision.body(6, body -> body.put("epochs", 9)))
                            .status());
            assertEquals("running", word(vision, 6));
        }
    }

    @Test
    void a_start_with_an_idempotency_key_may_be_said_twice() {
        try (var vision = Vision.simulated(home)) {
            String body = Vision.body(6).toString();
            var first = vision.send("POST", "/training/start", body, "Idempotency-Key", "k");
            var again = vision.send("POST", "/training/start", body, "Idempotency-Key", "k");
            assertEquals(List.of(200, first.text()), List.of(again.status(), again.text()));
        }
    }

    @Test
    void what_is_unknown_is_404_and_health_needs_no_token() {
        try (var vision = Vision.simulated(home, Map.of("TRAINER_API_TOKEN", "t"))) {
            assertEquals(
                    "{\"status\":\"healthy\",\"service\":\"training-service\"}",
                    vision.get("/health").text());
            assertEquals(401, vision.get("/training/status/1").status());
            assertEquals(
                    403,
                    vision.send("GET", "/training/status/1", "", "X-TRAINER-TOKEN", "wrong")
                            .status());
            assertEquals(
                    404,
                    vision.send("GET", "/training/status/1", "", "X-TRAINER-TOKEN", "t")
                            .status());
        }
    }

    @ParameterizedTest
    @CsvSource({
        "epochs, 0",
        "epochs, 1001",
        "epochs, 1.5",
        "epochs, true",
        "batch_size, 0",
        "batch_size, 513",
        "learning_rate, 0",
        "learning_rate, 1",
        "learning_rate, 1e999",
        "framework, '\"huggingface\"'",
        "framework, '\"keras\"'",
        "job_id, '\"a\"'",
        "job_id, -1",
        "job_id, 1.5",
        "dataset_format, '\"zip\"'",
        "num_classes, 0",
        "image_size, 0",
        "pretrained, 3",
        "advanced_config, '[]'",
        "advanced_config, '{\"hub_token\": \"hf_secretsecret\"}'",
        "project_id, '\"a b\"'"
    })
    void F55_a_wrong_field_is_named_and_nothing_is_guessed(String field, String json) {
        try (var vision = Vision.simulated(home)) {
            String body = Vision.body(1).toString().replaceFirst("}$", "");
            String raw = body.replaceFirst(",?\"" + field + "\":[^,]*", "") + ",\"" + field + "\":" + json + "}";
            var refused = vision.send("POST", "/training/start", raw.replace("{,", "{"));
            assertEquals(422, refused.status(), refused.text());
            assertTrue(refused.json().at("/detail/0/loc").toString().contains(field), refused.text());
            assertTrue(!refused.text().contains("hf_secretsecret"), refused.text());
        }
    }

    @Test
    void F56_what_the_service_dropped_reaches_the_operators_script_as_flags() throws Exception {
        Path script = home.resolve("train.sh");
        Files.writeString(script, "for word in \"$@\"; do echo \"$word\"; done; env | grep INTERNAL_AUTH\n");
        var environment = Map.of(
                "TRAIN_SCRIPT_PATH",
                script.toString(),
                "PYTHON_BIN",
                "/bin/sh",
                "INTERNAL_AUTH_TOKEN",
                Vision.INTERNAL);
        try (var vision = Vision.with(home, environment)) {
            var body = Vision.body(3, each -> {
                each.put("optimizer", "sgd")
                        .put("device", "cpu")
                        .put("image_size", 96)
                        .put("resume", true);
                each.put("checkpoint_path", "best.pt").put("project_id", 2);
                each.putObject("advanced_config")
                        .put("text", "a \"quoted\" $HOME `word`")
                        .put("mixup", 0.2);
            });
            assertEquals(200, vision.post("/training/start", body).status());
            vision.await(3, Set.of("succeeded", "failed"));
            var lines = vision.get("/api/v1/training/jobs/3/logs").json().get("logs");
            var said = lines.valueStream()
                    .map(line -> line.get("message").stringValue())
                    .toList();
            assertTrue(
                    said.containsAll(List.of(
                            "--framework=timm",
                            "--optimizer=sgd",
                            "--device=cpu",
                            "--image_size=96",
                            "--pretrained",
                            "--resume",
                            "--checkpoint_path=best.pt")),
                    said::toString);
            String advanced = said.stream()
                    .filter(word -> word.startsWith("--advanced_config="))
                    .findFirst()
                    .orElseThrow();
            assertEquals(
                    body.get("advanced_config"),
                    LiveServer.JSON.readTree(advanced.substring("--advanced_config=".length())));
            assertTrue(
                    said.stream()
                            .anyMatch(word -> word.matches("--callback_url=http://127.0.0.1:\\d+/vision/internal.*")),
                    said::toString);
            assertTrue(said.contains("INTERNAL_AUTH_TOKEN=********"), said::toString);
            assertEquals("completed", word(vision, 3));
        }
    }

    @Test
    void F55_a_framework_without_a_recipe_here_is_refused_and_not_run_as_another() {
        try (var vision = Vision.with(home, Map.of("TRAINYARD_LOCAL_PYTHON", "/usr/bin/true"))) {
            var refused = vision.post("/training/start", Vision.body(1));
            assertEquals(400, refused.status());
            assertTrue(refused.text().contains("no interpreter with the packages of timm is set up"), refused.text());
            var vit = vision.post("/training/start", Vision.body(1, body -> body.put("framework", "transformers")));
            assertEquals(400, vit.status());
            assertTrue(vit.text().contains("task_type: image_classification"), vit.text());
            assertEquals(404, vision.get("/training/status/1").status());
        }
    }

    static String word(Vision vision, int id) {
        return vision.get("/training/status/" + id).json().get("status").stringValue();
    }
}
