package io.trainyard.contract.vision;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** The platform's REST: create, start, look, cancel, restart. */
class VisionPlatformTest {
    private static final String JOBS = "/api/v1/training/jobs";

    @TempDir
    Path home;

    @Test
    void a_created_job_is_pending_until_it_is_started_also_over_a_restart_of_the_server() {
        try (var vision = Vision.simulated(home)) {
            var created = vision.post(JOBS, Vision.body(7));
            assertEquals(201, created.status(), created.text());
            assertEquals("pending", created.json().get("status").stringValue());
        }
        try (var vision = Vision.simulated(home)) {
            assertEquals("pending", word(vision, 7));
            var started = vision.post(JOBS + "/7/start");
            assertEquals(200, started.status(), started.text());
            assertEquals("running", started.json().get("status").stringValue());
            vision.await(7, Set.of("running"));
            assertEquals("running", word(vision, 7));
        }
    }

    @Test
    void F50_a_job_started_on_kubernetes_is_read_and_stopped_in_a_later_session() {
        try (var vision = Vision.simulated(home)) {
            vision.post(JOBS, Vision.body(8));
            var started = vision.send("POST", JOBS + "/8/start", "{\"executor\": \"kubernetes\"}");
            assertEquals(200, started.status(), started.text());
            vision.await(8, Set.of("running"));
        }
        try (var vision = Vision.simulated(home)) {
            assertEquals("kubernetes", job(vision, 8).get("executor").stringValue());
            assertEquals(200, vision.get(JOBS + "/8/logs").status());
            var stopped = vision.post("/api/v1/training/stop/8");
            assertEquals("cancelled", stopped.json().get("status").stringValue(), stopped.text());
            vision.await(8, Set.of("cancelled"));
            assertEquals("cancelled", word(vision, 8));
        }
    }

    @Test
    void without_a_cluster_a_kubernetes_job_runs_as_a_process_and_its_events_say_so() {
        try (var vision = Vision.simulated(home)) {
            vision.post(JOBS, Vision.body(9, body -> body.put("executor", "kubernetes")));
            assertEquals("subprocess", job(vision, 9).get("executor_type").stringValue());
            String events = vision.events(9);
            assertTrue(events.contains("kubernetes takes no jobs here (it only renders them), going on with"), events);
        }
    }

    @Test
    void with_fallback_off_a_kubernetes_job_is_rendered_and_says_that_nothing_ran() {
        var off = Map.of("TRAINYARD_VISION_FALLBACK", "off", "TRAINYARD_LOCAL_PYTHON", "/usr/bin/true");
        try (var vision = Vision.with(home, off)) {
            var body = Vision.body(10, each -> each.put("executor", "kubernetes"));
            assertEquals(200, vision.post("/training/start", body).status());
            JsonNode job = job(vision, 10);
            assertEquals("failed", job.get("status").stringValue());
            assertTrue(job.get("error_message").stringValue().contains("rendered and not submitted"), job::toString);
            String manifest = vision.ours(10).toString();
            assertTrue(manifest.contains("ghcr.io/myorg/trainer-timm:v1.0"), manifest);
        }
    }

    @Test
    void F53_starting_a_running_job_leaves_it_running() {
        try (var vision = Vision.simulated(home)) {
            vision.post(JOBS, Vision.body(11));
            vision.post(JOBS + "/11/start");
            vision.await(11, Set.of("running"));
            var again = vision.post(JOBS + "/11/start");
            assertEquals(400, again.status());
            assertEquals(
                    "Cannot start job with status 'running'",
                    again.json().get("detail").stringValue());
            assertEquals("running", word(vision, 11));
        }
    }

    @Test
    void a_cancelled_job_restarts_as_a_new_one_under_the_same_id() {
        try (var vision = Vision.simulated(home)) {
            vision.post(JOBS, Vision.body(12));
            String first = job(vision, 12).get("execution_id").stringValue();
            assertEquals(400, vision.post(JOBS + "/12/restart").status());
            var cancelled = vision.post(JOBS + "/12/cancel");
            assertEquals("cancelled", cancelled.json().get("status").stringValue());
            vision.await(12, Set.of("cancelled"));
            assertEquals(400, vision.post(JOBS + "/12/cancel").status());
            var again = vision.post(JOBS + "/12/restart");
            assertEquals(200, again.status(), again.text());
            assertEquals("running", again.json().get("status").stringValue());
            assertNotEquals(first, again.json().get("execution_id").stringValue());
        }
    }

    @Test
    void the_same_create_is_the_first_job_and_another_one_is_refused() {
        try (var vision = Vision.simulated(home)) {
            var first = vision.post(JOBS, Vision.body(13));
            var again = vision.post(JOBS, Vision.body(13));
            assertEquals(201, again.status());
            assertEquals(first.json().get("execution_id"), again.json().get("execution_id"));
            assertEquals(
                    409,
                    vision.post(JOBS, Vision.body(13, body -> body.put("epochs", 4)))
                            .status());
        }
    }

    @Test
    void a_job_without_an_id_gets_one_and_a_config_may_stand_below_config() {
        try (var vision = Vision.simulated(home)) {
            var body = Vision.body(1);
            body.remove("job_id");
            var wrapped = io.trainyard.LiveServer.JSON.createObjectNode().put("project_id", 4);
            wrapped.set("config", body);
            var created = vision.post(JOBS, wrapped);
            assertEquals(201, created.status(), created.text());
            int id = created.json().get("id").intValue();
            assertEquals("4", job(vision, id).get("project_id").stringValue());
            assertEquals(1, vision.get(JOBS).json().get("jobs").size());
        }
    }

    @Test
    void unknown_jobs_paths_and_methods_are_refused_in_this_shape() {
        try (var vision = Vision.simulated(home)) {
            assertEquals(
                    "{\"detail\":\"Training job 404 not found\"}",
                    vision.get(JOBS + "/404/status").text());
            assertEquals(422, vision.get(JOBS + "/x").status());
            assertEquals("{\"detail\":\"Not Found\"}", vision.get("/nothing").text());
            var wrong = vision.send("DELETE", JOBS + "/404", "");
            assertEquals(405, wrong.status());
            assertEquals("GET", wrong.header("Allow"));
        }
    }

    @Test
    void a_form_reads_schema_defaults_and_presets_and_has_its_config_judged() {
        try (var vision = Vision.simulated(home)) {
            String config = "/api/v1/training/config";
            assertEquals(
                    1000,
                    vision.get(config + "/schema")
                            .json()
                            .at("/schema/properties/epochs/maximum")
                            .intValue());
            assertEquals(
                    "16Gi",
                    vision.get(config + "/defaults")
                            .json()
                            .at("/config/resources/memory")
                            .stringValue());
            assertEquals(
                    3, vision.get(config + "/presets").json().get("presets").size());
            var wrapped = io.trainyard.LiveServer.JSON.createObjectNode();
            wrapped.set("config", Vision.body(1, body -> body.put("num_classes", 1)));
            var judged = vision.post(config + "/validate", wrapped).json();
            assertEquals(false, judged.get("valid").booleanValue());
            assertEquals("num_classes", judged.at("/errors/0/field").stringValue());
        }
    }

    static JsonNode job(Vision vision, int id) {
        return vision.get(JOBS + "/" + id).json();
    }

    static String word(Vision vision, int id) {
        return vision.get(JOBS + "/" + id + "/status").json().at("/job/status").stringValue();
    }
}
