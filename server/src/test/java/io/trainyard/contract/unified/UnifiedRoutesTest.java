package io.trainyard.contract.unified;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.LiveServer;
import io.trainyard.LiveServer.Reply;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** The routes of the contract at the real server; jobs are simulated. */
class UnifiedRoutesTest {
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
    void a_job_is_accepted_with_201_and_shown_until_it_has_succeeded() {
        Reply created = train(run("life-1"));
        assertEquals(201, created.status());
        assertEquals(
                "{\"name\":\"hf-life-1\",\"status\":\"submitted\","
                        + "\"detail\":\"PyTorchJob accepted for the backend simulated\","
                        + "\"framework\":\"hf\",\"run_id\":\"life-1\"}",
                created.text());
        Reply done = await("hf-life-1", "succeeded");
        assertEquals(
                "{\"name\":\"hf-life-1\",\"status\":\"succeeded\",\"detail\":\"PyTorchJob completed\","
                        + "\"framework\":\"hf\",\"run_id\":\"life-1\"}",
                done.text());
    }

    @Test
    void the_token_is_asked_for_before_the_body_is_read() {
        for (String path : List.of("/unified/train", "/unified/train/x/cancel")) {
            assertEquals(
                    "{\"detail\":\"Missing X-TRAINER-TOKEN header\"}",
                    server.send(server.anonymous("POST", path, "{broken")).text());
            Reply wrong = server.send(server.anonymous("POST", path, "{broken").header("X-TRAINER-TOKEN", "other"));
            assertEquals(403, wrong.status());
            assertEquals("Invalid trainer API token", text(wrong, "detail"));
        }
        assertEquals(
                401,
                server.send(server.anonymous("GET", "/unified/train/x", "")).status());
        assertEquals(
                200,
                server.send(server.anonymous("GET", "/unified/healthz", "")).status());
        Reply named = server.send(
                server.anonymous("GET", "/unified/train/x", "").header("x-trainer-token", LiveServer.TOKEN));
        assertEquals(404, named.status());
    }

    @Test
    void refusals_have_the_contracts_shape() {
        assertEquals(
                "{\"detail\":\"Job no such not found\"}",
                server.get("/unified/train/no%20such").text());
        assertEquals(
                "{\"detail\":\"Not Found\"}", server.get("/unified/nothing").text());
        assertEquals(405, server.delete("/unified/train/x").status());
        assertEquals("GET", server.delete("/unified/train/x").header("Allow"));
        assertEquals("GET, POST", server.delete("/unified/train").header("Allow"));
        assertEquals("POST", server.get("/unified/train/x/cancel").header("Allow"));
        assertEquals(
                "{\"detail\":\"Method Not Allowed\"}",
                server.delete("/unified/train").text());
        assertEquals(
                405, server.send(server.request("HEAD", "/unified/healthz", "")).status());
        JsonNode broken =
                server.post("/unified/train", "{\"a\": }").json().get("detail").get(0);
        assertEquals("json_invalid", broken.get("type").stringValue());
        assertEquals(422, server.post("/unified/train", "[]").status());
        assertEquals(
                422,
                server.post("/unified/train", "a=b", "Content-Type", "text/plain")
                        .status());
        assertEquals(
                413, server.post("/unified/train", " ".repeat((5 << 20) + 1)).status());
        JsonNode missing =
                server.post("/unified/train", "{\"framework\": \"hf\"}").json().get("detail");
        assertEquals(4, missing.size());
        assertEquals("[\"body\",\"model_id\"]", missing.get(0).get("loc").toString());
        assertEquals("field required", missing.get(0).get("msg").stringValue());
    }

    @Test
    void the_same_body_under_a_name_is_the_first_job_and_another_is_refused() {
        String first = train(longRun("again")).text();
        assertEquals(201, train(longRun("again")).status());
        assertEquals(text(train(longRun("again")), "name"), "hf-again");
        Reply other = train(longRun("again").put("num_nodes", 2));
        assertEquals(400, other.status());
        assertEquals("PyTorchJob hf-again already exists", text(other, "detail"));
        assertTrue(first.contains("submitted"), first);
        server.post("/unified/train/hf-again/cancel", "");
        await("hf-again", "cancelled");
    }

    @Test
    void a_name_stays_taken_when_its_job_has_finished() {
        train(run("once"));
        await("hf-once", "succeeded");
        Reply again = train(run("once"));
        assertEquals(201, again.status());
        assertEquals("succeeded", text(again, "status"));
        Reply other = train(run("once").put("num_nodes", 2));
        assertEquals("PyTorchJob hf-once already exists", text(other, "detail"));
    }

    @Test
    void an_idempotency_key_repeats_the_first_job() {
        Reply first = server.post("/unified/train", run("keyed-1").toString(), "Idempotency-Key", "u-1");
        Reply second = server.post("/unified/train", run("keyed-1").toString(), "Idempotency-Key", "u-1");
        assertEquals(text(first, "name"), text(second, "name"));
        Reply other = server.post("/unified/train", run("keyed-2").toString(), "Idempotency-Key", "u-1");
        assertEquals(422, other.status());
        assertEquals(
                "[\"header\",\"Idempotency-Key\"]",
                other.json().get("detail").get(0).get("loc").toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"team-a", "kube-system"})
    void F23_a_job_in_another_namespace_is_read_back(String namespace) {
        ObjectNode body = run("in-" + namespace).put("namespace", namespace);
        assertEquals(201, train(body).status());
        assertEquals(200, server.get("/unified/train/hf-in-" + namespace).status());
        JsonNode jobs = server.get("/api/v1/jobs?contract=unified&name=hf-in-" + namespace)
                .json()
                .get("jobs");
        JsonNode whole = server.get("/api/v1/jobs/" + jobs.get(0).get("id").stringValue())
                .json();
        assertEquals(namespace, whole.at("/spec/placement/namespace").stringValue());
    }

    @Test
    void F24_two_runs_that_come_to_one_name_are_two_jobs_each_found_again() {
        String first = text(train(run("twin.a")), "name");
        String second = text(train(run("twin-a")), "name");
        assertEquals("hf-twin-a", first);
        assertNotEquals(first, second);
        assertEquals("twin.a", text(server.get("/unified/train/" + first), "run_id"));
        assertEquals("twin-a", text(server.get("/unified/train/" + second), "run_id"));
        assertEquals(second, text(train(run("twin-a")), "name"));
        assertEquals(first, text(train(run("twin.a")), "name"));
    }

    @Test
    void F24_runs_that_come_to_one_name_at_once_are_all_kept_apart() throws Exception {
        var asked = new ArrayList<Callable<String>>();
        for (String run : List.of("at.once", "at_once", "at-once", "at..once"))
            for (int i = 0; i < 4; i++) asked.add(() -> text(train(longRun(run)), "name"));
        var names = new HashSet<String>();
        try (var pool = Executors.newVirtualThreadPerTaskExecutor()) {
            for (var each : pool.invokeAll(asked)) names.add(each.get());
        }
        assertEquals(4, names.size(), names.toString());
        for (String name : names) server.post("/unified/train/" + name + "/cancel", "");
    }

    @Test
    void F24_a_job_is_cancelled_with_200_and_stays_so() {
        train(longRun("stop-1"));
        Reply cancelled = server.post("/unified/train/hf-stop-1/cancel", "");
        assertEquals(200, cancelled.status());
        assertEquals("cancelled", text(cancelled, "status"));
        Reply again = await("hf-stop-1", "cancelled");
        assertEquals("stop-1", text(again, "run_id"));
        assertEquals(404, server.post("/unified/train/no-such/cancel", "").status());
        train(run("stop-2"));
        await("hf-stop-2", "succeeded");
        assertEquals(
                "PyTorchJob already succeeded", text(server.post("/unified/train/hf-stop-2/cancel", ""), "detail"));
    }
}
