package io.trainyard.contract.studio;

import static io.trainyard.contract.studio.Studio.body;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Local jobs, as real processes of a real server. */
class StudioLocalTest {
    @TempDir
    Path home;

    @Test
    void F10_the_script_gets_its_flags_with_underscores_one_argument_each() {
        try (var studio = Studio.running(home, "for each in \"$@\"; do echo \"[$each]\"; done")) {
            var asked = body().put("per_device_train_batch_size", 2)
                    .put("packing", true)
                    .put("note", "a 'b' $(c)");
            String id = studio.id(asked);
            JsonNode job = studio.finished(id);
            assertEquals("succeeded", job.get("status").stringValue());
            assertEquals("""
                    [--dataset_file]
                    [gs://data/train.jsonl]
                    [--output_dir]
                    [gs://data/out]
                    [--per_device_train_batch_size]
                    [2]
                    [--packing]
                    [--note]
                    [a 'b' $(c)]
                    """, studio.allMessages(id).toString());
        }
    }

    @Test
    void F10_with_dashes_only_where_the_operator_says_so() {
        try (var studio = Studio.running(home, "echo \"$@\"", Map.of("TRAIN_FLAG_STYLE", "dash"))) {
            String id = studio.id(body());
            studio.finished(id);
            assertEquals(
                    "--dataset-file gs://data/train.jsonl --output-dir gs://data/out\n",
                    studio.allMessages(id).toString());
        }
    }

    @Test
    void F10_a_script_that_is_not_there_is_said_at_once() {
        var environment = Map.of("TRAIN_SCRIPT_PATH", "/nowhere/train.py", "DEFAULT_BACKEND", "local");
        try (var studio = Studio.with(home, environment)) {
            var reply = studio.post("/train", body().toString());
            assertEquals(400, reply.status());
            assertTrue(reply.text().contains("/nowhere/train.py is not on this machine"), reply.text());
        }
    }

    @Test
    void a_life_is_told_in_the_published_words() {
        try (var studio = Studio.running(home, "echo out; echo err >&2; exit 0")) {
            JsonNode asked = studio.train(body().put("job_name", "first"));
            assertEquals("queued", asked.get("status").stringValue());
            assertEquals("", asked.get("logTail").stringValue());
            assertTrue(asked.get("startedAt").isNull());
            JsonNode done = studio.finished(asked.get("id").stringValue());
            assertEquals("succeeded", done.get("status").stringValue());
            assertEquals("first", done.get("name").stringValue());
            assertEquals(0, done.get("exitCode").intValue());
            assertTrue(done.get("externalId").isNull() && done.get("error").isNull());
            assertFalse(done.get("startedAt").isNull() || done.get("finishedAt").isNull());
            assertTrue(done.get("command").stringValue().startsWith("/bin/sh "));
            assertEquals(2, done.get("logs").size());
            assertEquals(
                    Set.of("stdout out", "stderr err"),
                    Set.of(line(done.get("logs").get(0)), line(done.get("logs").get(1))));
            assertEquals(8, done.get("logTail").stringValue().length() + 1);
        }
    }

    private static String line(JsonNode entry) {
        assertTrue(entry.get("timestamp").stringValue().matches("\\d{4}-\\d\\d-\\d\\dT[0-9:]{8}\\.\\d{3}Z"));
        return entry.get("stream").stringValue() + " " + entry.get("message").stringValue();
    }

    @Test
    void a_process_that_fails_says_its_exit_code() {
        try (var studio = Studio.running(home, "echo 'no such column' >&2; exit 3")) {
            JsonNode job = studio.finished(studio.id(body()));
            assertEquals("failed", job.get("status").stringValue());
            assertEquals(3, job.get("exitCode").intValue());
            assertEquals("Training process exited with code 3", job.get("error").stringValue());
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "PATH",
                "LD_PRELOAD",
                "LD_LIBRARY_PATH",
                "HOME",
                "PYTHONSTARTUP",
                "PYTHONHOME",
                "PYTHONINSPECT",
                "PYTHONPYCACHEPREFIX",
                "BASH_ENV",
                "ENV"
            })
    void F31_a_variable_that_steers_the_interpreter_is_refused(String name) {
        try (var studio = Studio.running(home, "true")) {
            var asked = body();
            asked.putObject("env").put(name, "/tmp/evil");
            var reply = studio.post("/train", asked.toString());
            assertEquals(400, reply.status());
            String error = reply.json().get("error").stringValue();
            assertTrue(error.startsWith("environment: " + name + " is refused"), error);
        }
    }

    @Test
    void F31_the_job_sees_only_what_it_is_given() {
        try (var studio = Studio.running(home, "env", Map.of("TRAINER_API_TOKEN", ""))) {
            var asked = body();
            asked.putObject("env").put("GIVEN", "yes");
            String id = studio.id(asked);
            studio.finished(id);
            String seen = studio.allMessages(id).toString();
            assertTrue(seen.contains("GIVEN=yes\n"), seen);
            var allowed =
                    Set.of("PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "LANG", "GIVEN", "PWD", "SHLVL", "_", "OLDPWD");
            for (String line : seen.lines().toList()) {
                String name = line.substring(0, Math.max(0, line.indexOf('=')));
                boolean ours = name.startsWith("TRAIN")
                        || name.startsWith("KUBEFLOW_")
                        || name.startsWith("PYTHON")
                        || Set.of("CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS").contains(name);
                assertTrue(ours || allowed.contains(name), line);
            }
        }
    }

    @Test
    void F32_a_token_is_used_and_shown_nowhere() throws IOException {
        String canary = "hf_canary_7d1e55aa";
        String other = "canary-of-wandb-9911";
        var shown = new StringBuilder();
        try (var studio = Studio.running(
                home, "echo \"it is $HF_TOKEN\"; echo \"and $WANDB_API_KEY\" >&2; test -n \"$HF_TOKEN\"")) {
            var asked = body().put("hf_token", canary);
            asked.putObject("env").put("WANDB_API_KEY", other).put("HF_TOKEN", "overridden-by-hf_token");
            JsonNode job = studio.train(asked);
            String id = job.get("id").stringValue();
            shown.append(job).append(studio.finished(id));
            assertEquals("succeeded", studio.job(id).get("status").stringValue());
            shown.append(studio.get("/jobs").text());
            shown.append(studio.server.get("/api/v1/jobs?contract=studio").text());
            String ours =
                    studio.server.get("/api/v1/jobs").json().at("/jobs/0/id").stringValue();
            shown.append(studio.server.get("/api/v1/jobs/" + ours).text());
            shown.append(studio.server.get("/api/v1/jobs/" + ours + "/events").text());
            shown.append(studio.server.get("/api/v1/jobs/" + ours + "/logs").text());
            assertTrue(shown.toString().contains("it is ********"), shown.toString());
        }
        for (String secret : List.of(canary, other)) {
            assertFalse(shown.toString().contains(secret), secret);
            try (var files = Files.walk(home)) {
                for (Path file : files.filter(Files::isRegularFile).toList())
                    assertFalse(
                            new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1).contains(secret),
                            () -> secret + " in " + file);
            }
        }
    }

    @Test
    void F34_a_job_can_be_cancelled_and_then_deleted() {
        try (var studio = Studio.running(home, "echo up; exec sleep 600")) {
            String id = studio.id(body());
            studio.await(id, Set.of("running"));
            var cancelled = studio.post("/jobs/" + id + "/cancel", "");
            assertEquals(200, cancelled.status());
            assertEquals("cancelled", cancelled.json().at("/job/status").stringValue());
            assertEquals("cancelled", studio.finished(id).get("status").stringValue());
            assertEquals(200, studio.post("/jobs/" + id + "/cancel", "").status());
            assertEquals(200, studio.delete("/jobs/" + id).status());
            assertEquals(404, studio.get("/jobs/" + id).status());
            assertEquals(404, studio.delete("/jobs/" + id).status());
        }
    }

    @Test
    void F34_a_running_job_that_is_deleted_stops_and_goes() throws InterruptedException {
        try (var studio = Studio.running(home, "exec sleep 600")) {
            String id = studio.id(body());
            studio.await(id, Set.of("running"));
            var deleted = studio.delete("/jobs/" + id);
            assertEquals(200, deleted.status());
            assertEquals("cancelled", deleted.json().at("/job/status").stringValue());
            for (int looks = 0; looks < 500 && studio.get("/jobs/" + id).status() != 404; looks++) Thread.sleep(20);
            assertEquals(404, studio.get("/jobs/" + id).status());
        }
    }

    @Test
    void F34_jobs_outlive_the_server_and_are_found_again() throws IOException {
        String script = "echo before; while [ ! -e '" + home.resolve("go") + "' ]; do sleep 0.05; done; echo after";
        String id;
        try (var studio = Studio.running(home, script)) {
            id = studio.id(body());
            studio.await(id, Set.of("running"));
        }
        try (var studio = Studio.running(home, script)) {
            assertEquals("running", studio.job(id).get("status").stringValue());
            Files.createFile(home.resolve("go"));
            assertEquals("succeeded", studio.finished(id).get("status").stringValue());
            assertEquals("before\nafter\n", studio.allMessages(id).toString());
        }
    }
}
