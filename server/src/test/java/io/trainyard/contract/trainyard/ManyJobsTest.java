package io.trainyard.contract.trainyard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.LiveServer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Finding jobs among many, and cancelling those that were found. */
class ManyJobsTest {
    private static final String JOBS = "/api/v1/jobs";
    private static LiveServer server;

    @BeforeAll
    static void start(@TempDir Path home) {
        server = LiveServer.start(home);
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static String body(String suite, String script) {
        return """
                {"name":"of %s","model":{"name":"none"},"labels":{"suite":"%s"},
                 "annotations":{"trainyard.simulated/script":"%s"}}""".formatted(suite, suite, script);
    }

    private static String stalling(String suite) {
        String id = server.job(body(suite, "stall"));
        server.await(id, "running");
        return id;
    }

    private static List<String> ids(JsonNode page) {
        return page.get("jobs")
                .valueStream()
                .map(job -> job.get("id").stringValue())
                .toList();
    }

    private static List<String> found(String query) {
        var reply = server.get(JOBS + "?" + query);
        assertEquals(200, reply.status(), reply.text());
        return ids(reply.json());
    }

    @Test
    void text_project_and_time_narrow_the_list() {
        String first = server.job(body("narrow", "run 1ms"));
        String time = server.await(first, "succeeded").get("created_at").stringValue();
        String only = "label=suite=narrow&";
        assertEquals(List.of(first), found(only + "text=OF%20NARR"));
        assertEquals(List.of(first), found(only + "text=" + first.substring(10)));
        assertEquals(List.of(), found(only + "text=nowhere"));
        assertEquals(List.of(first), found(only + "project=default"));
        assertEquals(List.of(), found(only + "project=other"));
        assertEquals(List.of(first), found(only + "created_after=" + time));
        assertEquals(List.of(), found(only + "created_before=" + time));
        assertEquals(List.of(first), found(only + "created_before=2999-01-01T00:00:00%2B02:00"));
        assertEquals(List.of(), found(only + "created_after=2999-01-01T00:00:00Z"));
    }

    @Test
    void what_would_widen_the_choice_unnoticed_is_refused() {
        for (String query : List.of(
                "stat=queued",
                "created_after=yesterday",
                "created_after=2026-11-23T09:57:30+02:00",
                "created_before=2026-11-23",
                "created_after=",
                "backend=",
                "text=",
                "name=a&name=b",
                "label=a=1&label=a=2"))
            for (var reply :
                    List.of(server.get(JOBS + "?" + query), server.post(JOBS + "/cancel?state=queued&" + query, ""))) {
                assertEquals(422, reply.status(), query);
                assertTrue(reply.json().get("detail").stringValue().contains(query.split("=", 2)[0]), reply.text());
            }
    }

    @Test
    void pages_lose_and_repeat_nothing_while_others_create_jobs() throws InterruptedException {
        var wanted = new HashSet<String>();
        for (int i = 0; i < 60; i++) wanted.add(server.job(body("walk", "run 1ms")));
        var walking = new AtomicBoolean(true);
        var writer = Thread.ofVirtual().start(() -> {
            while (walking.get()) server.job(body("walk", "run 1ms"));
        });
        var seen = new ArrayList<String>();
        String cursor = "";
        while (cursor != null) {
            JsonNode page =
                    server.get(JOBS + "?label=suite=walk&limit=7" + cursor).json();
            seen.addAll(ids(page));
            JsonNode next = page.get("next_cursor");
            cursor = next.isNull() ? null : "&cursor=" + next.stringValue();
        }
        walking.set(false);
        writer.join();
        assertEquals(seen.size(), Set.copyOf(seen).size(), "a job came twice");
        assertTrue(seen.containsAll(wanted), "a job was left out");
    }

    @Test
    void many_are_cancelled_by_what_names_them_and_by_nothing_else() {
        var meant = List.of(stalling("many"), stalling("many"), stalling("many"));
        String other = stalling("other");
        String done = server.job(body("many", "run 1ms"));
        server.await(done, "succeeded");
        assertEquals(422, server.post(JOBS + "/cancel", "").status());
        assertEquals(422, server.post(JOBS + "/cancel?limit=5", "").status());
        assertEquals(
                422, server.post(JOBS + "/cancel?state=queued&limit=1001", "").status());

        JsonNode asked =
                server.post(JOBS + "/cancel?label=suite=many&dry_run=true", "").json();
        assertEquals(3, asked.get("count").intValue());
        assertEquals(
                "run",
                server.get(JOBS + "/" + meant.getFirst()).json().get("wish").stringValue());

        JsonNode some =
                server.post(JOBS + "/cancel?label=suite=many&limit=2", "").json();
        assertEquals(2, some.get("count").intValue());
        assertEquals(true, some.get("more").booleanValue());
        assertEquals(
                meant.reversed().subList(0, 2),
                some.get("ids").valueStream().map(JsonNode::stringValue).toList());
        JsonNode rest = server.post(JOBS + "/cancel?label=suite=many", "").json();
        assertEquals(meant.getFirst(), rest.at("/ids/0").stringValue());
        assertEquals(1, rest.get("count").intValue());
        assertEquals(false, rest.get("more").booleanValue());
        for (String id : meant) server.await(id, "cancelled");
        assertEquals(
                "running", server.get(JOBS + "/" + other).json().get("state").stringValue());
        assertEquals(
                "succeeded", server.get(JOBS + "/" + done).json().get("state").stringValue());
    }
}
