package io.trainyard.contract.unified;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.LiveServer;
import io.trainyard.LiveServer.Reply;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** What the contract offers beyond the published routes, and what nobody may read in it. */
class UnifiedExtensionsTest {
    @TempDir
    static Path home;

    private static LiveServer server;

    @BeforeAll
    static void start() {
        server = LiveServer.start(home);
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static ObjectNode run(String runId) {
        return UnifiedBodies.with(body -> body.put("run_id", runId));
    }

    /** Lasts until it is cancelled. */
    private static ObjectNode longRun(String runId) {
        ObjectNode body = run(runId);
        body.putObject("annotations").put("trainyard.simulated/script", "stall");
        return body;
    }

    private static Reply train(JsonNode body) {
        return server.post("/unified/train", body.toString());
    }

    private static String text(Reply reply, String field) {
        return reply.json().path(field).stringValue("");
    }

    private static Reply await(String name, String status) {
        long end = System.nanoTime() + 20_000_000_000L;
        while (true) {
            Reply reply = server.get("/unified/train/" + name);
            if (text(reply, "status").equals(status)) return reply;
            if (System.nanoTime() > end) throw new AssertionError(reply.text());
            Thread.onSpinWait();
        }
    }

    @Test
    void F24_jobs_are_listed_newest_first_page_by_page() {
        for (int i = 0; i < 3; i++) train(run("listed-" + i));
        JsonNode page = server.get("/unified/train?limit=2").json();
        assertEquals(2, page.get("jobs").size());
        assertEquals(
                List.of("detail", "framework", "name", "run_id", "status"),
                page.get("jobs").get(0).propertyNames().stream().sorted().toList());
        JsonNode next = server.get(
                        "/unified/train?limit=2&cursor=" + page.get("next").stringValue())
                .json();
        assertNotEquals(
                page.get("jobs").get(1).get("name"), next.get("jobs").get(0).get("name"));
        assertEquals(422, server.get("/unified/train?limit=0").status());
        assertEquals(422, server.get("/unified/train?limit=many").status());
        assertEquals(422, server.get("/unified/train?cursor=x").status());
    }

    @Test
    void F24_logs_are_read_by_their_tail_and_from_a_number_on() {
        ObjectNode body = run("logs-1");
        body.putObject("annotations").put("trainyard.simulated/script", "run 3s, succeed");
        ObjectNode silent = run("logs-2");
        silent.putObject("annotations").put("trainyard.simulated/script", "wait 10m");
        train(silent);
        assertEquals(
                0,
                server.get("/unified/train/hf-logs-2/logs").json().get("logs").size());
        server.post("/unified/train/hf-logs-2/cancel", "");
        train(body);
        await("hf-logs-1", "succeeded");
        JsonNode all = server.get("/unified/train/hf-logs-1/logs").json();
        int count = all.get("logs").size();
        assertTrue(count > 2, all.toString());
        assertEquals(count + 1, all.get("next").intValue());
        JsonNode tail = server.get("/unified/train/hf-logs-1/logs?limit=1").json();
        assertEquals(all.get("logs").get(count - 1), tail.get("logs").get(0));
        JsonNode from =
                server.get("/unified/train/hf-logs-1/logs?from=2&limit=1").json();
        assertEquals(all.get("logs").get(1), from.get("logs").get(0));
        assertEquals(3, from.get("next").intValue());
        assertEquals(404, server.get("/unified/train/no-such/logs").status());
        assertEquals(422, server.get("/unified/train/hf-logs-1/logs?from=-1").status());
    }

    @Test
    void F27_a_paused_job_is_not_shown_as_submitted() {
        train(longRun("pause-1"));
        await("hf-pause-1", "running");
        String id = server.get("/api/v1/jobs?contract=unified&name=hf-pause-1")
                .json()
                .at("/jobs/0/id")
                .stringValue();
        server.post("/api/v1/jobs/" + id + "/pause", "");
        assertEquals("PyTorchJob suspended", text(await("hf-pause-1", "suspended"), "detail"));
        server.post("/unified/train/hf-pause-1/cancel", "");
    }

    @Test
    void F28_the_published_requests_find_each_other_without_a_cluster() {
        ObjectNode published = run("hf-demo-001").put("job_name", "hf-demo-001");
        published.put("num_nodes", 2).put("gpus_per_node", 8);
        assertEquals("hf-demo-001", text(train(published), "name"));
        assertEquals(200, server.get("/unified/train/hf-demo-001").status());
        // Without a name of its own it has the framework in front.
        assertEquals("hf-hf-demo-002", text(train(run("hf-demo-002")), "name"));
    }

    @Test
    void F29_the_document_says_422_for_a_wrong_body_and_403_for_a_wrong_token() {
        JsonNode document = server.get("/unified/openapi.json").json();
        assertEquals("Unified Trainer API", document.at("/info/title").stringValue());
        assertEquals("0.2.0", document.at("/info/version").stringValue());
        assertEquals(
                List.of("201", "400", "401", "403", "413", "422"),
                document.at("/paths/~1train/post/responses").propertyNames().stream()
                        .sorted()
                        .toList());
        assertTrue(server.get("/unified/docs").text().contains("/unified/openapi.json"));
    }

    @Test
    void no_answer_and_no_page_of_the_database_holds_a_secret() throws IOException {
        ObjectNode body = run("canary-1");
        body.putObject("env").put("HF_TOKEN", "canary-token-value-1");
        body.putObject("extra_args").put("api_key", "canary-token-value-2");
        Reply created = train(body);
        assertEquals(201, created.status());
        String id = server.get("/api/v1/jobs?contract=unified&name=hf-canary-1")
                .json()
                .at("/jobs/0/id")
                .stringValue();
        for (String path : List.of("/unified/train/hf-canary-1", "/unified/train", "/api/v1/jobs/" + id))
            assertFalse(server.get(path).text().contains("canary-token-value"), path);
        try (var files = Files.walk(home)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                String bytes = new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
                assertFalse(bytes.contains("canary-token-value"), file.toString());
            }
        }
    }

    @Test
    void without_a_cluster_the_published_job_is_rendered_and_nothing_is_said_to_be_created(@TempDir Path other) {
        try (var kubeflow = LiveServer.running(other, "kubeflow")) {
            String body = run("rendered-1").put("namespace", "team-a").toString();
            Reply created = kubeflow.post("/unified/train", body);
            assertEquals(201, created.status());
            assertEquals("submitted", text(created, "status"));
            assertEquals("PyTorchJob rendered, nothing was created", text(created, "detail"));
            assertEquals(
                    created.text(), kubeflow.get("/unified/train/hf-rendered-1").text());
            String id = kubeflow.get("/api/v1/jobs").json().at("/jobs/0/id").stringValue();
            String manifest =
                    kubeflow.get("/api/v1/jobs/" + id).json().get("manifest").stringValue();
            assertTrue(manifest.startsWith("apiVersion: kubeflow.org/v1\nkind: PyTorchJob\n"), manifest);
            assertTrue(manifest.contains("namespace: team-a\n"), manifest);
            // Over, and yet the name is taken.
            assertEquals(created.text(), kubeflow.post("/unified/train", body).text());
            String another = run("rendered-1").put("num_nodes", 2).toString();
            assertEquals(400, kubeflow.post("/unified/train", another).status());
        }
    }
}
