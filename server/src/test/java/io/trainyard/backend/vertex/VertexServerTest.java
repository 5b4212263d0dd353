package io.trainyard.backend.vertex;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.LiveServer;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** The whole server with its jobs on the fake service, on the real clock. */
class VertexServerTest {
    private static final String JOB =
            "{\"name\":\"tune\",\"model\":{\"name\":\"org/base\"},\"resources\":{\"gpus\":1,\"gpu_type\":\"L4\"}}";

    @TempDir
    Path home;

    private FakeVertex service;

    @BeforeEach
    void open() {
        service = FakeVertex.start();
    }

    @AfterEach
    void close() {
        if (service != null) service.close();
    }

    /** What a deployment sets. */
    static Map<String, String> environment(FakeVertex service, Path home) {
        return Map.of(
                "VERTEX_SUBMIT", "1",
                "PROJECT_ID", FakeVertex.PROJECT,
                "IMAGE_URI", "gcr.io/p/trainer:1",
                "GOOGLE_APPLICATION_CREDENTIALS", service.credentials(home).toString(),
                "TRAINYARD_VERTEX_ENDPOINT", service.address(),
                "TRAINYARD_VERTEX_LOGGING_ENDPOINT", service.address(),
                "TRAINYARD_VERTEX_POLL_SECONDS", "1",
                "TRAINYARD_VERTEX_LOGS_SETTLE_SECONDS", "0",
                "TRAINYARD_VERTEX_SECRETS", "HF_TOKEN=projects/my-project/secrets/hf/versions/latest");
    }

    private LiveServer server() {
        service.at(Instant.now());
        return LiveServer.onVertex(home, environment(service, home));
    }

    private void step(String state) {
        service.at(Instant.now());
        service.state(service.only(), state);
    }

    private static ObjectNode created(FakeVertex service) {
        await(() -> !service.jobs().isEmpty());
        return service.only();
    }

    private static void await(Supplier<Boolean> come) {
        long end = System.nanoTime() + 30_000_000_000L;
        while (!come.get()) {
            if (System.nanoTime() > end) throw new IllegalStateException("waited in vain");
            try {
                Thread.sleep(20);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    private static List<String> lines(LiveServer server, String id) {
        var lines = new ArrayList<String>();
        for (JsonNode line : server.get("/api/v1/jobs/" + id + "/logs").json().path("lines"))
            lines.add(line.path("text").asString());
        return lines;
    }

    private static List<String> kinds(LiveServer server, String id) {
        var kinds = new ArrayList<String>();
        for (JsonNode event :
                server.get("/api/v1/jobs/" + id + "/events").json().path("events"))
            kinds.add(event.path("kind").asString());
        return kinds;
    }

    @Test
    void a_job_is_created_runs_prints_and_succeeds() {
        try (var server = server()) {
            String id = server.job(JOB);
            ObjectNode job = created(service);
            assertEquals(
                    "g2-standard-4",
                    job.at("/jobSpec/workerPoolSpecs/0/machineSpec/machineType").asString());
            server.await(
                    id, view -> view.path("reason").path("kind").asString("").equals("queue"));
            step("JOB_STATE_PENDING");
            server.await(
                    id, view -> view.path("reason").path("kind").asString("").equals("initialising"));
            step("JOB_STATE_RUNNING");
            server.await(id, "running");
            service.print(job, "{\"event\":\"step\",\"step\":1,\"total_steps\":2,\"loss\":0.5}");
            await(() -> lines(server, id).size() == 1);
            assertEquals(
                    1,
                    server.get("/api/v1/jobs/" + id).json().at("/progress/step").asInt());
            service.print(job, "the last line");
            step("JOB_STATE_SUCCEEDED");
            server.await(id, "succeeded");
            assertEquals("the last line", lines(server, id).getLast());
            assertEquals(2, lines(server, id).size());
            assertEquals("succeeded", kinds(server, id).getLast());
        }
        assertEquals(1, service.count("create"));
    }

    @Test
    void what_a_job_of_the_studio_is_called_there_stays_known_when_it_is_over() {
        try (var server = server()) {
            String asked =
                    "{\"backend\":\"vertex\",\"job_name\":\"tune\",\"dataset_file\":\"gs://b/d.jsonl\",\"output_dir\":\"gs://b/o\"}";
            String id = server.post("/studio/train", asked).json().at("/job/id").asString();
            ObjectNode job = created(service);
            String name = job.path("name").asString();
            step("JOB_STATE_RUNNING");
            step("JOB_STATE_SUCCEEDED");
            await(() -> shown(server, id).path("status").asString().equals("succeeded"));
            assertEquals(
                    name.substring(name.lastIndexOf('/') + 1),
                    shown(server, id).path("externalId").asString());
            String own = server.get("/api/v1/jobs").json().at("/jobs/0/id").asString();
            JsonNode attempt = server.get("/api/v1/jobs/" + own).json().at("/attempts/0");
            assertEquals(name, attempt.at("/object/name").asString());
        }
    }

    private static JsonNode shown(LiveServer server, String id) {
        return server.get("/studio/jobs/" + id).json().path("job");
    }

    @Test
    void a_running_job_is_cancelled() {
        try (var server = server()) {
            String id = server.job(JOB);
            created(service);
            step("JOB_STATE_RUNNING");
            server.await(id, "running");
            assertEquals(200, server.post("/api/v1/jobs/" + id + "/cancel", "").status());
            await(() -> States.state(service.only()).equals("JOB_STATE_CANCELLING"));
            server.await(id, "stopping");
            step("JOB_STATE_CANCELLED");
            server.await(id, "cancelled");
        }
    }

    @Test
    void a_job_that_failed_on_its_machine_is_tried_again_and_one_that_failed_by_itself_is_not() {
        try (var server = server()) {
            String id = server.job(JOB);
            ObjectNode job = created(service);
            service.fail(job, 8, "Resources are insufficient in region: us-central1.");
            JsonNode waiting = server.await(id, "queued");
            assertEquals("retry", waiting.at("/reason/kind").asString());
        }
        service.vanish(service.only());
        try (var server = LiveServer.onVertex(home.resolve("other"), environment(service, home))) {
            String id = server.job(JOB);
            ObjectNode job = created(service);
            step("JOB_STATE_RUNNING");
            service.fail(job, 3, "The replica workerpool0-0 exited with a non-zero status of 1.");
            JsonNode failed = server.await(id, "failed");
            assertEquals("exit_code", failed.path("cause").asString());
        }
    }

    @Test
    void a_lost_answer_and_a_time_of_refusals_leave_one_job_that_runs() {
        service.next("create", new Fault.LoseAnswer());
        service.next(
                "list",
                new Fault.None(),
                new Fault.None(),
                new Fault.None(),
                new Fault.Refuse(503, "UNAVAILABLE", "later"));
        service.next(
                "get",
                new Fault.Refuse(503, "UNAVAILABLE", "later"),
                new Fault.Refuse(429, "RESOURCE_EXHAUSTED", "slow down"));
        try (var server = server()) {
            String id = server.job(JOB);
            created(service);
            step("JOB_STATE_RUNNING");
            server.await(id, "running");
            step("JOB_STATE_SUCCEEDED");
            server.await(id, "succeeded");
        }
        assertEquals(1, service.count("create"));
    }

    @Test
    void lack_of_quota_is_shown_while_the_job_waits_and_no_failure() {
        service.next("create", new Fault.Refuse(429, "RESOURCE_EXHAUSTED", "custom_model_training_nvidia_l4_gpus"));
        try (var server = server()) {
            String id = server.job(JOB);
            JsonNode job = server.await(
                    id, view -> view.path("detail").asString("").contains("custom_model_training_nvidia_l4_gpus"));
            assertEquals("launching", job.path("state").asString());
            assertEquals(List.of("submitted", "launching", "waiting"), kinds(server, id));
            server.post("/api/v1/jobs/" + id + "/cancel", "");
            server.await(id, "stopping");
        }
        assertEquals(List.of(), service.jobs());
    }

    @Test
    void a_refusal_fails_the_job_with_the_words_of_the_service() {
        service.next("create", new Fault.Refuse(403, "PERMISSION_DENIED", "iam.serviceAccounts.actAs"));
        try (var server = server()) {
            JsonNode failed = server.await(server.job(JOB), "failed");
            assertTrue(failed.path("detail").asString().contains("iam.serviceAccounts.actAs"));
        }
    }

    @Test
    void no_secret_leaves_for_the_service() {
        String canary = "hf_canary_5e0f";
        try (var server = server()) {
            String id = server.job("{\"name\":\"t\",\"model\":{\"name\":\"m\",\"token\":\"" + canary + "\"}}");
            String env = created(service)
                    .at("/jobSpec/workerPoolSpecs/0/containerSpec/env")
                    .toString();
            assertTrue(env.contains("HF_TOKEN_SECRET_NAME"), env);
            step("JOB_STATE_SUCCEEDED");
            server.await(id, "succeeded");
            var unnamed = server.create("{\"name\":\"t\",\"model\":{\"name\":\"m\"},\"container\":"
                    + "{\"environment\":{\"API_KEY\":{\"secret\":\"" + canary + "\"}}}}");
            assertEquals(422, unnamed.status());
            assertTrue(unnamed.text().contains("API_KEY is a secret")
                    && unnamed.text().contains("trainyard.vertex.secrets"));
            assertFalse(unnamed.text().contains(canary));
        }
        for (String body : service.bodies()) assertFalse(body.contains(canary));
    }

    @Test
    void without_submitting_a_job_is_rendered_at_once_and_its_manifest_is_read() {
        var environment = new HashMap<>(environment(service, home));
        environment.put("VERTEX_SUBMIT", "0");
        try (var server = LiveServer.onVertex(home, environment)) {
            var reply = server.create(JOB);
            assertEquals(201, reply.status());
            assertEquals("rendered", reply.json().path("state").asString());
            String id = reply.json().path("id").asString();
            JsonNode job = server.get("/api/v1/jobs/" + id).json();
            JsonNode manifest = LiveServer.JSON.readTree(job.path("manifest").asString());
            assertEquals("tune", manifest.path("displayName").asString());
            assertEquals(List.of("submitted", "rendered"), kinds(server, id));
            assertEquals(0, job.path("attempts").size());
            var cancel = server.post("/api/v1/jobs/" + id + "/cancel", "");
            assertEquals(409, cancel.status());
            assertTrue(cancel.text().contains("the job is rendered"), cancel.text());
        }
        assertEquals(List.of(), service.bodies());
    }

    @Test
    void a_job_that_vertex_cannot_take_is_refused_naming_field_value_and_remedy() {
        try (var server = server()) {
            var reply = server.create(
                    "{\"name\":\"t\",\"model\":{\"name\":\"m\"},\"resources\":{\"gpus\":3,\"gpu_type\":\"L4\"},"
                            + "\"datasets\":[{\"source\":\"/data/x.jsonl\"}]}");
            assertEquals(422, reply.status());
            assertTrue(
                    reply.text()
                            .contains("3 x NVIDIA_L4 on one machine is not offered by Vertex AI; one of [1, 2, 4, 8]"),
                    reply.text());
            assertTrue(reply.text().contains("datasets[0].source"), reply.text());
        }
    }
}
