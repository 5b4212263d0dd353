package io.trainyard.contract.trainyard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.LiveServer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Asking for jobs, finding them, steering them; from outside, over HTTP. */
class JobsApiTest {
    private static final String JOBS = "/api/v1/jobs";
    private static final String KEY = "Idempotency-Key";
    private static LiveServer server;

    @BeforeAll
    static void start(@TempDir Path home) {
        server = LiveServer.start(home);
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static String named(String name, String more) {
        return "{\"name\":\"%s\",\"model\":{\"name\":\"none\"}%s}".formatted(name, more);
    }

    private static String scripted(String name, String script) {
        return named(name, ",\"annotations\":{\"trainyard.simulated/script\":\"" + script + "\"}");
    }

    private static List<String> names(JsonNode page) {
        return page.get("jobs")
                .valueStream()
                .map(job -> job.get("name").stringValue())
                .toList();
    }

    private static int count(String query) {
        return server.get(JOBS + query).json().get("jobs").size();
    }

    @Test
    void a_job_is_created_runs_and_is_shown_whole() {
        var created = server.create(named("whole", ""));
        assertEquals(201, created.status());
        String id = created.json().get("id").stringValue();
        assertEquals(JOBS + "/" + id, created.header("Location"));
        JsonNode done = server.await(id, "succeeded");
        assertEquals("run", done.get("wish").stringValue());
        assertEquals(1, done.get("attempts").size());
        assertEquals("lora", done.at("/spec/method/kind").stringValue());
        assertTrue(done.get("finished_at").isString());
        assertTrue(done.get("attempt").isNull());
    }

    @Test
    void a_failed_job_says_why() {
        String id = server.job(scripted("fails", "fail out_of_memory"));
        JsonNode done = server.await(id, "failed");
        assertEquals("out_of_memory", done.get("cause").stringValue());
        assertEquals("failed, as scripted", done.get("detail").stringValue());
    }

    @Test
    void a_list_is_narrowed_by_state_label_name_backend_and_contract() {
        String first = server.job(named("Filter-One", ",\"labels\":{\"suite\":\"filters\",\"eq\":\"a=b\"}"));
        String second = server.job(scripted("filter-two", "stall")
                .replaceFirst("\\{", "{\"labels\":{\"suite\":\"filters\",\"kind\":\"two\"},"));
        server.await(first, "succeeded");
        server.await(second, "running");
        assertEquals(
                List.of("filter-two", "Filter-One"),
                names(server.get(JOBS + "?label=suite=filters").json()));
        assertEquals(
                List.of("Filter-One"),
                names(server.get(JOBS + "?label=suite=filters&label=eq=a=b").json()));
        assertEquals(1, count("?label=suite=filters&state=succeeded"));
        assertEquals(2, count("?label=suite=filters&state=succeeded&state=running"));
        assertEquals(0, count("?label=suite=filters&state=paused"));
        assertEquals(2, count("?name=FILTER-&label=suite=filters"));
        assertEquals(1, count("?name=r-TWO"));
        assertEquals(2, count("?backend=simulated&label=suite=filters"));
        assertEquals(0, count("?backend=local&label=suite=filters"));
        assertEquals(2, count("?contract=trainyard&label=suite=filters"));
        assertEquals(0, count("?contract=trainer&label=suite=filters"));
        assertEquals(0, count("?label=suite="));
    }

    @Test
    void what_no_query_may_say_is_refused_by_name() {
        for (String query : List.of(
                "state=nonsense",
                "state=QUEUED",
                "state=",
                "limit=0",
                "limit=501",
                "limit=x",
                "limit=%2B5",
                "limit=1.5",
                "limit=",
                "label=x",
                "label==x",
                "cursor=nonsense",
                "limit=99999999999999999999",
                "limit=%D9%A1")) {
            var reply = server.get(JOBS + "?" + query);
            assertEquals(422, reply.status(), query);
            assertTrue(reply.json().get("detail").stringValue().startsWith(query.split("=", 2)[0] + ": "), query);
        }
        assertEquals(422, server.post(JOBS + "?dry_run=yes", named("n", "")).status());
    }

    @Test
    void pages_neither_repeat_nor_miss_a_job_while_others_come_and_go() {
        var wanted = new ArrayList<String>();
        for (int i = 0; i < 25; i++)
            wanted.addFirst(server.job(named("page-" + i, ",\"labels\":{\"suite\":\"pages\"}")));
        wanted.forEach(id -> server.await(id, "succeeded"));
        var seen = new ArrayList<String>();
        String cursor = "";
        for (int page = 0; cursor != null; page++) {
            JsonNode answer =
                    server.get(JOBS + "?label=suite=pages&limit=4" + cursor).json();
            answer.get("jobs").forEach(job -> seen.add(job.get("id").stringValue()));
            JsonNode next = answer.get("next_cursor");
            cursor = next.isNull() ? null : "&cursor=" + next.stringValue();
            server.job(named("page-late-" + page, ",\"labels\":{\"suite\":\"pages\"}"));
            assertEquals(204, server.delete(JOBS + "/" + seen.getLast()).status());
        }
        assertEquals(wanted, seen);
    }

    @Test
    void a_job_is_found_by_an_unambiguous_beginning_of_its_id() {
        String one = server.job(named("prefix", ""));
        String two = server.job(named("prefix", ""));
        assertEquals(
                one, server.get(JOBS + "/" + one.substring(4)).json().get("id").stringValue());
        assertEquals(
                two,
                server.get(JOBS + "/" + two.substring(0, 38)).json().get("id").stringValue());
        var both = server.get(JOBS + "/" + one.substring(0, 10));
        assertEquals(409, both.status());
        assertTrue(both.json().get("detail").stringValue().contains("job_"), both.text());
        assertEquals(409, server.get(JOBS + "/job_").status());
        for (String none : List.of("job_ffff", "nothing", "%25", "..%2F..", "_", "%F0%9F%9A%82", "job_%27%20OR%201=1"))
            for (String rest : List.of("", "/events", "/logs", "/metrics"))
                assertEquals(404, server.get(JOBS + "/" + none + rest).status(), none + rest);
        for (String verb : List.of("/cancel", "/pause", "/resume", "/retry"))
            assertEquals(404, server.post(JOBS + "/nothing" + verb, "").status(), verb);
        assertEquals(404, server.delete(JOBS + "/nothing").status());
    }

    @Test
    void a_cancelled_job_ends_cancelled_and_takes_no_other_wish() {
        String id = server.job(scripted("cancel", "stall"));
        server.await(id, "running");
        var cancelled = server.post(JOBS + "/" + id + "/cancel", "");
        assertEquals(200, cancelled.status());
        assertEquals("cancel", cancelled.json().get("wish").stringValue());
        server.await(id, "cancelled");
        for (String verb : List.of("/cancel", "/pause", "/resume")) {
            var reply = server.post(JOBS + "/" + id + verb, "");
            assertEquals(409, reply.status(), verb);
            assertEquals("the job is cancelled", reply.json().get("detail").stringValue());
        }
    }

    @Test
    void a_paused_job_resumes_as_its_next_attempt() {
        String id = server.job(scripted("pause", "stall|run 1ms"));
        server.await(id, "running");
        assertEquals(200, server.post(JOBS + "/" + id + "/pause", "").status());
        assertEquals(2, server.await(id, "paused").get("attempt").intValue());
        assertEquals(409, server.post(JOBS + "/" + id + "/retry", "").status());
        assertEquals(200, server.post(JOBS + "/" + id + "/resume", "").status());
        assertEquals(2, server.await(id, "succeeded").get("attempts").size());
    }

    @Test
    void a_retry_is_a_new_job_with_the_same_spec() {
        String id = server.job(scripted("retry", "fail"));
        JsonNode first = server.await(id, "failed");
        var retried = server.post(JOBS + "/" + id + "/retry", "");
        assertEquals(201, retried.status());
        assertEquals(id, retried.json().get("retry_of").stringValue());
        assertNotEquals(id, retried.json().get("id").stringValue());
        assertEquals(JOBS + "/" + retried.json().get("id").stringValue(), retried.header("Location"));
        // A location that the backend chooses is written down when it is needed; all that was asked is the same.
        assertEquals(first.at("/spec/annotations"), retried.json().at("/spec/annotations"));
        assertEquals(first.at("/spec/hyperparameters"), retried.json().at("/spec/hyperparameters"));
    }

    @Test
    void a_deleted_job_is_gone_and_a_living_one_is_cancelled_first() {
        String done = server.job(named("delete-done", ""));
        server.await(done, "succeeded");
        assertEquals(204, server.delete(JOBS + "/" + done).status());
        assertEquals(404, server.get(JOBS + "/" + done).status());
        assertEquals(404, server.delete(JOBS + "/" + done).status());
        String living = server.job(scripted("delete-living", "stall"));
        server.await(living, "running");
        var asked = server.delete(JOBS + "/" + living);
        assertEquals(202, asked.status());
        assertEquals("delete", asked.json().get("wish").stringValue());
        server.await(living, job -> !job.has("id"));
        assertEquals(404, server.get(JOBS + "/" + living).status());
    }

    @Test
    void a_dry_run_tells_the_plan_and_keeps_nothing() {
        int before = count("?limit=500");
        var reply = server.post(JOBS + "?dry_run=true", named("dry", ""), KEY, "dry-key");
        assertEquals(200, reply.status());
        assertEquals("simulated", reply.json().at("/plan/backend").stringValue());
        var refused =
                server.post(JOBS + "?dry_run=true", scripted("dry", "dance")).json();
        assertEquals(1, refused.at("/plan/objections").size());
        assertEquals(before, count("?limit=500"));
        assertEquals(
                404,
                server.get(JOBS + "/" + reply.json().at("/job/id").stringValue())
                        .status());
        assertEquals(
                201, server.post(JOBS, named("another", ""), KEY, "dry-key").status());
    }

    @Test
    void a_container_of_a_place_is_shown_and_belongs_to_one_of_the_places() {
        String body = "{\"name\":\"there\",\"model\":{\"name\":\"m\"},\"placement\":{\"backends\":[\"simulated\"],"
                + "\"containers\":{\"%s\":{\"image\":\"other:1\",\"environment\":{\"KEY\":{\"secret\":\"v\"}}}}}}";
        JsonNode there = server.create(body.formatted("simulated")).json().at("/spec/placement/containers/simulated");
        assertEquals("other:1", there.path("image").stringValue());
        assertEquals(
                "placement.simulated.environment.KEY",
                there.at("/environment/KEY/secret").stringValue());
        var refused = server.create(body.formatted("local"));
        assertEquals(422, refused.status());
        assertEquals(
                "placement.containers.local",
                refused.json().at("/errors/0/field").stringValue());
    }

    @Test
    void what_no_backend_can_run_is_refused_with_its_field() {
        var reply = server.create(named("nowhere", ",\"placement\":{\"backends\":[\"moon\"]}"));
        assertEquals(422, reply.status());
        assertEquals("placement.backends", reply.json().at("/errors/0/field").stringValue());
    }

    @Test
    void a_name_holds_any_character_and_comes_back_as_it_went() {
        String name = "<script>alert(1)</script> \\u2028 \\ud83d\\ude82 ../../etc \\\" ' %00 \\n";
        String id = server.job(named(name, ""));
        JsonNode job = server.get(JOBS + "/" + id).json();
        assertEquals(LiveServer.JSON.readTree("\"" + name + "\""), job.get("name"));
        assertFalse(server.get(JOBS + "?name=%3CSCRIPT%3E").json().get("jobs").isEmpty());
    }
}
