package io.trainyard.contract.studio;

import static io.trainyard.contract.studio.Studio.body;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.LiveServer;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Paths, refusals, tokens, dry runs and the simulated backend, over a real server; long because the table of routes is. */
class StudioRoutesTest {
    @TempDir
    Path home;

    private static final String GOOD = body().toString();

    @Test
    void health_says_what_there_is() {
        try (var studio = Studio.dry(home)) {
            JsonNode health = studio.get("/health").json();
            assertEquals("ok", health.get("status").stringValue());
            assertEquals("kubernetes", health.get("defaultBackend").stringValue());
            assertEquals(
                    "[\"kubernetes\",\"vertex\",\"local\"]",
                    health.get("backends").toString());
            assertTrue(health.get("repoRoot").stringValue().startsWith("/"));
        }
    }

    @Test
    void a_dry_run_shows_its_manifest_and_stays_submitted() {
        try (var studio = Studio.dry(home)) {
            JsonNode asked = studio.train(body().put("job_name", "My Run"));
            assertEquals("queued", asked.get("status").stringValue());
            assertTrue(asked.get("externalId").isNull());
            JsonNode job = studio.job(asked.get("id").stringValue());
            assertEquals("submitted", job.get("status").stringValue());
            assertEquals("my-run", job.get("externalId").stringValue());
            assertEquals("kubernetes", job.get("command").stringValue());
            assertTrue(job.get("finishedAt").isNull());
            assertEquals(2, job.get("logs").size());
            String first = job.at("/logs/0/message").stringValue();
            assertTrue(first.startsWith("Kubernetes Job manifest:\n{\n  \"apiVersion\": \"batch/v1\",\n"), first);
            assertTrue(first.endsWith("\n}\n"), first);
            assertEquals(
                    "Auto-apply disabled (set K8S_APPLY=1 to kubectl apply from the API).",
                    job.at("/logs/1/message").stringValue());
            JsonNode manifest = LiveServer.JSON.readTree(first.substring(first.indexOf('\n')));
            assertEquals("my-run", manifest.at("/metadata/name").stringValue());
            JsonNode second = studio.get("/jobs/" + asked.get("id").stringValue() + "?from=2")
                    .json()
                    .get("job");
            assertEquals(1, second.get("logs").size());
        }
    }

    @Test
    void F30_a_manifest_of_nearly_a_megabyte_harms_nobody() {
        try (var studio = Studio.dry(home)) {
            String id = studio.id(body().put("note", "x".repeat(1_000_000)));
            assertTrue(studio.get("/jobs/" + id + "?from=1")
                            .json()
                            .at("/job/logs/0/message")
                            .stringValue()
                            .length()
                    > 1_000_000);
            assertEquals(200, studio.get("/health").status());
            assertEquals(
                    413,
                    studio.post(
                                    "/train",
                                    body().put("note", "x".repeat(1_100_000)).toString())
                            .status());
        }
    }

    @Test
    void F36_two_jobs_of_one_name_are_two_objects() throws InterruptedException {
        try (var studio = Studio.dry(home)) {
            var names = new HashSet<String>();
            var threads = new Thread[8];
            for (int i = 0; i < threads.length; i++)
                threads[i] = Thread.ofVirtual().start(() -> {
                    String id = studio.id(body().put("job_name", "same_name"));
                    synchronized (names) {
                        names.add(studio.job(id).get("externalId").stringValue());
                    }
                });
            for (Thread thread : threads) thread.join();
            assertEquals(threads.length, names.size(), names.toString());
            assertTrue(names.contains("same-name"), names.toString());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"kubernetes", "vertex", "local"})
    void F35_every_backend_comes_to_an_end_on_the_mock_runner(String backend) {
        var environment = Map.of("TRAINER_JOB_RUNNER", "mock", "TRAINYARD_SIMULATED_RUN_MILLIS", "1");
        try (var studio = Studio.with(home, environment)) {
            JsonNode job = studio.finished(studio.id(body().put("backend", backend)));
            assertEquals("succeeded", job.get("status").stringValue());
            assertEquals(backend, job.get("backend").stringValue());
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{} | dataset_file is required",
                "[] | dataset_file is required",
                "'' | dataset_file is required",
                "{\"backend\": 7} | Unsupported backend \"7\". Available: kubernetes, vertex, local",
                "{\"backend\": [\"local\"]} | Unsupported backend \"a list\". Available: kubernetes, vertex, local",
                "{\"backend\": \"vertex\", \"dataset_file\": 5, \"output_dir\": \"o\"} | Set VERTEX_PROJECT (or PROJECT_ID) for Vertex submissions",
                "{\"dataset_file\": {}, \"output_dir\": \"o\"} | dataset_file: text is wanted, not an object",
                "{\"dataset_file\": \"d\"} | output_dir is required",
                "null | the body must be a JSON object",
                "7 | the body must be a JSON object"
            })
    void F38_nonsense_is_refused_in_one_shape(String body, String error) {
        try (var studio = Studio.dry(home)) {
            var reply = studio.post("/train", body);
            assertEquals(400, reply.status());
            assertEquals(error, reply.json().get("error").stringValue());
        }
    }

    @Test
    void F38_broken_bodies_paths_and_methods_are_refused_as_json() {
        try (var studio = Studio.dry(home)) {
            refused(studio.post("/train", "{\"a\": "), 400, "the body is not valid JSON");
            refused(
                    studio.post("/train", "{\"a\": \"\\u0000\", \"dataset_file\": \"gs://d\"}"),
                    400,
                    "a: null characters");
            refused(studio.get("/nothing"), 404, "Not Found");
            refused(studio.get("/jobs/unknown"), 404, "Job not found");
            refused(studio.post("/jobs/unknown/cancel", ""), 404, "Job not found");
            refused(studio.get("/train"), 405, "Method Not Allowed");
            refused(studio.delete("/jobs"), 405, "Method Not Allowed");
            refused(studio.get("/jobs?cursor=junk"), 400, "cursor: ");
            refused(studio.get("/jobs?limit=0"), 400, "limit: ");
            var latin = studio.server
                    .anonymous("POST", "/studio/train", GOOD)
                    .header("Content-Type", "application/json; charset=latin1");
            refused(studio.server.send(latin), 415, "Content-Type: unsupported charset \"latin1\"");
            var plain = studio.server.anonymous("POST", "/studio/train", GOOD).header("Content-Type", "text/plain");
            refused(studio.server.send(plain), 400, "dataset_file is required");
        }
    }

    private static void refused(LiveServer.Reply reply, int status, String beginning) {
        assertEquals(status, reply.status(), reply.text());
        assertEquals("application/json", reply.header("Content-Type"));
        String error = reply.json().get("error").stringValue();
        assertTrue(error.startsWith(beginning), error);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "job_name | {} | job_name: text is wanted, not an object",
                "job_name | true | job_name: text is wanted, not true",
                "trainer_args | \"--lr 1\" | trainer_args: an object",
                "trainer_args | [1] | trainer_args: an object",
                "trainer_args | 3 | trainer_args: an object",
                "env | \"A=1\" | env: an object",
                "env | [\"A=1\"] | env: an object",
                "env | {\"A\": {}} | env.A: text is wanted, not an object",
                "env | {\"A=B\": \"1\"} | env.A=B: not a name",
                "lora | {\"rank\": 8} | lora: an object is no value of a flag",
                "tags | [{\"a\": 1}] | tags[0]: an object is no value of a flag",
                "rate | NaN | rate: the number NaN is no value",
                "hf_token | [] | hf_token: text is wanted, not a list"
            })
    void F39_what_no_script_could_read_is_refused_by_name(String field, String value, String beginning) {
        try (var studio = Studio.dry(home)) {
            String body = GOOD.substring(0, GOOD.length() - 1) + ", \"" + field + "\": " + value + "}";
            refused(studio.post("/train", body), 400, beginning);
        }
    }

    @Test
    void F40_a_model_is_said_once_and_paths_of_clusters_are_left_alone() {
        try (var studio = Studio.dry(home)) {
            JsonNode job = studio.train(body().put("model", "m")
                    .put("jobName", "n")
                    .put("output_dir", "outputs/run")
                    .put("dataset_file", "S3://b/d"));
            assertEquals(
                    "{\"dataset_file\":\"s3://b/d\",\"output_dir\":\"outputs/run\",\"model_id\":\"m\"}",
                    job.get("args").toString());
            assertEquals("S3://b/d", job.get("datasetFile").stringValue());
            assertEquals("n", job.get("name").stringValue());
        }
    }

    @Test
    void F41_a_job_asks_for_a_gpu_and_carries_labels() {
        try (var studio = Studio.dry(home)) {
            String id = studio.id(body());
            String text = studio.job(id).at("/logs/0/message").stringValue();
            JsonNode manifest = LiveServer.JSON.readTree(text.substring(text.indexOf('\n')));
            assertEquals(
                    "1",
                    manifest.at("/spec/template/spec/containers/0/resources/limits/nvidia.com~1gpu")
                            .stringValue());
            assertEquals(id, manifest.at("/metadata/labels/trainyard~1job-id").stringValue());
            assertEquals(
                    "trainyard",
                    manifest.at("/metadata/labels/app.kubernetes.io~1managed-by")
                            .stringValue());
        }
    }

    @Test
    void jobs_come_newest_first_page_by_page() {
        try (var studio = Studio.dry(home)) {
            for (int i = 1; i <= 5; i++) studio.train(body().put("job_name", "job " + i));
            var found = new StringBuilder();
            String cursor = "";
            for (int pages = 0; pages < 3; pages++) {
                JsonNode page = studio.get("/jobs?limit=2&cursor=" + cursor).json();
                for (JsonNode job : page.get("jobs"))
                    found.append(job.get("name").stringValue()).append(", ");
                cursor = page.get("next").isNull() ? "end" : page.get("next").stringValue();
            }
            assertEquals("job 5, job 4, job 3, job 2, job 1, ", found.toString());
            assertEquals("end", cursor);
            JsonNode first = studio.get("/jobs/").json().at("/jobs/0");
            assertTrue(first.get("logTail")
                    .stringValue()
                    .endsWith("Auto-apply disabled (set K8S_APPLY=1 to kubectl apply from the API)."));
            assertTrue(first.path("logs").isMissingNode());
        }
    }

    @Test
    void F31_with_a_token_set_both_headers_open_the_door() {
        try (var studio = Studio.with(home, Map.of("TRAINER_API_TOKEN", "t0ken", "K8S_TRAINING_IMAGE", "i"))) {
            assertEquals(200, studio.get("/health").status());
            refused(studio.post("/train", GOOD), 401, "Missing X-TRAINER-TOKEN header");
            refused(studio.get("/jobs"), 401, "Missing X-TRAINER-TOKEN header");
            refused(studio.get("/jobs/x"), 401, "Missing X-TRAINER-TOKEN header");
            refused(studio.delete("/jobs/x"), 401, "Missing X-TRAINER-TOKEN header");
            var wrong = studio.server.anonymous("POST", "/studio/train", GOOD).header("X-Trainer-Token", "x");
            refused(studio.server.send(wrong), 403, "Invalid trainer API token");
            for (var header : Map.of("X-TRAINER-TOKEN", "t0ken", "Authorization", "Bearer t0ken")
                    .entrySet())
                assertEquals(
                        202,
                        studio.server
                                .send(studio.server
                                        .anonymous("POST", "/studio/train", GOOD)
                                        .header(header.getKey(), header.getValue()))
                                .status());
        }
    }

    @Test
    void a_repeated_submit_under_one_key_is_one_job() {
        try (var studio = Studio.dry(home)) {
            var ids = new HashSet<String>();
            for (int i = 0; i < 2; i++) {
                var reply = keyed(studio, GOOD);
                assertEquals(202, reply.status());
                ids.add(reply.json().at("/job/id").stringValue());
            }
            assertEquals(1, ids.size());
            refused(keyed(studio, body().put("a", 1).toString()), 422, "Idempotency-Key: ");
            assertNotEquals(ids, Set.of(studio.id(body())));
        }
    }

    private static LiveServer.Reply keyed(Studio studio, String body) {
        return studio.server.send(
                studio.server.anonymous("POST", "/studio/train", body).header("Idempotency-Key", "k"));
    }

    @Test
    void at_the_root_a_body_with_a_data_set_is_this_contracts() {
        try (var studio = Studio.dry(home)) {
            for (String body :
                    new String[] {GOOD, "{\"trainer_args\": {\"dataset_file\": \"gs://d\", \"output_dir\": \"gs://o\"}}"
                    }) {
                var reply = studio.server.send(studio.server.anonymous("POST", "/train", body));
                assertEquals(202, reply.status(), reply.text());
                String id = reply.json().at("/job/id").stringValue();
                var found = studio.server.send(studio.server.anonymous("GET", "/jobs/" + id, ""));
                assertEquals("submitted", found.json().at("/job/status").stringValue());
            }
            var list = studio.server.send(studio.server.anonymous("GET", "/jobs", ""));
            assertEquals(2, list.json().get("jobs").size());
            refused(studio.server.send(studio.server.anonymous("GET", "/jobs/x", "")), 404, "Job not found");
            var large = studio.server.anonymous(
                    "POST", "/train", body().put("note", "x".repeat(1_100_000)).toString());
            refused(studio.server.send(large), 413, "the body is larger");
            var health = studio.server
                    .send(studio.server.anonymous("GET", "/health", ""))
                    .json();
            assertEquals("kubernetes", health.get("defaultBackend").stringValue());
            assertTrue(health.has("version"));
        }
    }

    @Test
    void a_dry_run_on_vertex_shows_its_custom_job() {
        var environment = Map.of("PROJECT_ID", "p", "IMAGE_URI", "gcr.io/p/trainer", "VERTEX_SUBMIT", "0");
        try (var studio = Studio.with(home, environment)) {
            var asked =
                    body().put("backend", "vertex").put("job_name", "My Run").put("hf_token", "hf_canary_0005");
            JsonNode job = studio.job(studio.id(asked));
            assertEquals("submitted", job.get("status").stringValue());
            String first = job.at("/logs/0/message").stringValue();
            assertTrue(first.startsWith("Vertex CustomJob spec:\n{"), first);
            assertTrue(first.contains("\"My Run\"") && !first.contains("canary"), first);
            assertEquals(
                    "Auto-submit disabled (set VERTEX_SUBMIT=1 to call gcloud).",
                    job.at("/logs/1/message").stringValue());
            JsonNode spec = LiveServer.JSON.readTree(first.substring(first.indexOf('\n')));
            assertEquals(
                    "a2-highgpu-1g",
                    spec.at("/jobSpec/workerPoolSpecs/0/machineSpec/machineType")
                            .stringValue());
        }
        try (var studio = Studio.with(home, Map.of("PROJECT_ID", "p"))) {
            refused(
                    studio.post("/train", body().put("backend", "vertex").toString()),
                    400,
                    "Set VERTEX_IMAGE_URI to the trainer container image");
        }
    }
}
