package io.trainyard.contract.vision;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What trainers call back is kept and shown. */
class CallbacksTest {
    private static final String JOB = "/api/v1/training/jobs/4";

    @TempDir
    Path home;

    private Vision vision;

    @BeforeEach
    void running() {
        vision = Vision.simulated(home);
        vision.post("/training/start", Vision.body(4));
        vision.await(4, Set.of("running"));
    }

    @org.junit.jupiter.api.AfterEach
    void close() {
        vision.close();
    }

    @Test
    void F54_a_status_is_answered_as_published_under_both_paths() {
        var answer = vision.call("PATCH", 4, "status", "{\"status\": \"running\", \"progress\": 12.5}");
        assertEquals("{\"status\":\"ok\",\"job_id\":4,\"new_status\":\"running\",\"stored\":true}", answer.text());
        var other = vision.send(
                "PATCH",
                "/api/v1/internal/training/4/status",
                "{\"status\": \"failed\", \"error\": \"no data\"}",
                "X-Internal-Auth",
                Vision.INTERNAL);
        assertEquals(200, other.status());
        assertEquals(
                12.5,
                vision.get(JOB + "/status")
                        .json()
                        .at("/latest_metrics/progress")
                        .doubleValue());
        assertEquals("running", VisionPlatformTest.word(vision, 4));
        assertTrue(vision.events(4).contains("the trainer reports failed: no data"));
    }

    @Test
    void F54_metrics_checkpoints_logs_and_results_are_kept() {
        vision.call("POST", 4, "metrics", "{\"name\": \"mAP\", \"value\": 0.5, \"epoch\": 1, \"step\": 10}");
        vision.call(
                "POST",
                4,
                "training-metrics",
                "{\"epoch\": 1, \"step\": 10, \"loss\": 0.9, \"checkpoint_path\": \"s3://b/last.pt\","
                        + " \"extra_metrics\": {\"box_loss\": 2}}");
        vision.call("POST", 4, "logs", "{\"message\": \"epoch one\\nis over\", \"level\": \"INFO\"}");
        vision.call("POST", 4, "validation-results", "{\"epoch\": 1, \"accuracy\": 0.75, \"labels\": [\"a\"]}");
        vision.call("POST", 4, "validation-image-results", "{\"images\": [{\"path\": \"a.png\"}]}");
        var row = vision.get(JOB + "/metrics")
                .json()
                .valueStream()
                .filter(each -> each.get("step").intValue() == 10)
                .findFirst()
                .orElseThrow();
        assertEquals(0.9, row.get("loss").doubleValue());
        assertEquals(0.5, row.at("/extra_metrics/mAP").doubleValue());
        assertEquals(2, row.at("/extra_metrics/box_loss").doubleValue());
        assertTrue(vision.get(JOB + "/metric-schema").text().contains("\"val_accuracy\""));
        assertEquals(
                "loss",
                vision.get(JOB + "/metric-schema").json().get("primary_metric").stringValue());
        assertTrue(vision.get(JOB + "/checkpoints").text().contains("s3://b/last.pt"));
        String logs = vision.get(JOB + "/logs").text();
        assertTrue(logs.contains("[INFO] is over") && logs.contains("a.png"), logs);
        assertEquals(200, vision.call("GET", 4, "health", "").status());
    }

    @Test
    void the_token_of_the_callers_is_in_no_line_also_where_the_job_was_not_given_it() {
        vision.call("POST", 4, "logs", "{\"message\": \"sent %s\"}".formatted(Vision.INTERNAL));
        String error = "{\"status\": \"failed\", \"error\": \"%s was refused\"}".formatted(Vision.INTERNAL);
        vision.call("PATCH", 4, "status", error);
        vision.call("POST", 4, "validation-results", "{\"headers\": [\"%s\"]}".formatted(Vision.INTERNAL));
        String shown = vision.get(JOB + "/logs").text() + vision.events(4);
        assertTrue(shown.contains("sent ********") && shown.contains("******** was refused"), shown);
        assertTrue(!shown.contains(Vision.INTERNAL), shown);
    }

    @Test
    void F54_who_may_not_call_is_told_why() {
        String body = "{\"status\": \"running\"}";
        String path = "/internal/training/4/status";
        assertEquals(422, vision.send("PATCH", path, body).status());
        assertEquals(
                403,
                vision.send("PATCH", path, body, "X-Internal-Auth", "wrong").status());
        assertEquals(
                404,
                vision.send("PATCH", "/internal/training/99/status", body, "X-Internal-Auth", Vision.INTERNAL)
                        .status());
        assertEquals(422, vision.call("PATCH", 4, "status", "{}").status());
    }

    @Test
    void calls_after_the_end_are_answered_and_dropped() {
        vision.post("/training/stop/4");
        vision.await(4, Set.of("cancelled"));
        var late = vision.call("POST", 4, "logs", "{\"message\": \"too late\"}");
        assertEquals(false, late.json().get("stored").booleanValue());
        assertTrue(!vision.get(JOB + "/logs").text().contains("too late"));
    }

    @Test
    void without_a_token_on_the_server_no_call_is_taken(@TempDir Path other) {
        try (var closed = Vision.with(other, Map.of("TRAINER_JOB_RUNNER", "mock"))) {
            var refused = closed.call("PATCH", 4, "status", "{}");
            assertEquals(503, refused.status());
            assertTrue(refused.text().contains("INTERNAL_AUTH_TOKEN"), refused.text());
        }
    }
}
