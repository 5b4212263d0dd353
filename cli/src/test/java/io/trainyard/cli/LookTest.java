package io.trainyard.cli;

import static io.trainyard.cli.Examples.ID;
import static io.trainyard.cli.Examples.OTHER;
import static io.trainyard.cli.Examples.PATH;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.cli.api.Json;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The commands that only look: jobs, job, metrics, events, version. */
class LookTest {
    private static final String LIST = "GET /api/v1/jobs";
    private final FakeServer server = new FakeServer();

    @AfterEach
    void close() {
        server.close();
    }

    private static String page(String next, String... jobs) {
        return "{\"jobs\":[%s],\"next_cursor\":%s}".formatted(String.join(",", jobs), next);
    }

    private static String running() {
        return Examples.job(OTHER, "big", "running", Examples.progress(42, 100, 1.5));
    }

    @Test
    void jobs_in_a_pipe_are_a_plain_table_with_whole_ids() {
        server.answer(LIST, page("null", Examples.job("queued"), running()));
        var seen = Typed.at(server).run("jobs");
        assertEquals(0, seen.code());
        assertEquals("""
                ID                                        NAME  STATE    BACKEND  PROGRESS  AGE     REASON
                job_019ab3c4-1111-7000-8000-000000000001  tiny  queued   local    -         2m 30s  waiting for a GPU
                job_019ab3c4-1111-7000-8000-000000000002  big   running  local    42%       2m 30s
                """, seen.out());
    }

    @Test
    void jobs_on_a_terminal_have_colours_bars_and_ids_as_short_as_still_differ() {
        server.answer(LIST, page("null", Examples.job("queued"), running()));
        var seen = Typed.at(server).onTerminal().run("jobs");
        assertTrue(seen.out().contains("\u001b[34mrunning\u001b[0m"), seen.out());
        assertTrue(seen.out().contains("████▏░░░░░ 42%"), seen.out());
        assertTrue(seen.out().contains("019ab3c4-1111-7000-8000-000000000002"), seen.out());
    }

    @Test
    void a_single_job_needs_only_the_beginning_of_its_id_and_colours_can_be_left_out() {
        server.answer(LIST, page("null", running()));
        var seen = Typed.at(server).onTerminal().run("jobs", "--no-color");
        assertTrue(seen.out().contains("\n019ab3c4  big"), seen.out());
        assertFalse(seen.out().contains("\u001b"), seen.out());
    }

    @Test
    void a_name_cannot_send_codes_to_the_terminal() {
        server.answer(LIST, page("null", Examples.job(ID, "a\\u001b[31mb", "queued", "null")));
        var seen = Typed.at(server).onTerminal().with("NO_COLOR", "1").run("jobs");
        assertFalse(seen.out().contains("\u001b"), seen.out());
    }

    @Test
    void filters_go_to_the_server_and_all_pages_are_read() {
        server.answer(LIST, page("\"c 2\"", Examples.job("queued"))).answer(LIST, page("null", running()));
        var seen = Typed.at(server)
                .run(
                        "jobs",
                        "--state",
                        "queued",
                        "--state",
                        "running",
                        "--label",
                        "a=b c",
                        "--contract",
                        "trainer",
                        "--all",
                        "--json");
        var requests = server.requests(LIST);
        assertEquals(
                "state=queued&state=running&contract=trainer&label=a=b c&limit=500",
                requests.getFirst().query());
        assertTrue(requests.getLast().query().endsWith("&cursor=c 2"));
        assertEquals(2, Json.read(seen.out()).path("jobs").size());
        assertTrue(Json.read(seen.out()).path("next_cursor").isNull());
    }

    @Test
    void more_pages_and_none_at_all_are_said_aside() {
        server.answer(LIST, page("\"c\"", running()));
        assertTrue(Typed.at(server).run("jobs", "--limit", "1").err().contains("trainyard jobs --all"));
        server.answer(LIST, page("null")).answer(LIST, page("null"));
        Typed.at(server).run("jobs");
        var seen = Typed.at(server).run("jobs");
        assertEquals("", seen.out());
        assertTrue(seen.err().contains("No jobs yet"), seen.err());
    }

    @Test
    void one_job_shows_where_it_stands_and_how_it_came_there() {
        server.answer("GET /api/v1/jobs/019ab", Examples.job("failed", Examples.progress(42, 100, 1.23456)))
                .answer(
                        "GET " + PATH + "/events",
                        "{\"events\":[%s,%s,%s]}"
                                .formatted(
                                        Examples.event(1, "submitted", "taken"),
                                        Examples.event(2, "checkpoint", "step 40"),
                                        Examples.event(3, "failed", "killed")));
        var seen = Typed.at(server).run("job", "019ab");
        assertEquals(0, seen.code(), seen.err());
        String out = seen.out();
        assertTrue(out.startsWith("tiny  failed\n"), out);
        assertTrue(out.contains("cause     out_of_memory\n"), out);
        assertTrue(out.contains("42%  step 42 of 100, 1m 15s left"), out);
        assertTrue(out.contains("metrics   loss 1.235\n"), out);
        assertTrue(out.contains("labels    team=rail"), out);
        assertTrue(out.contains("Warning: runs on CPU"), out);
        assertTrue(out.indexOf("Checkpoints") < out.indexOf("step 40"), out);
        assertTrue(out.indexOf("History") < out.indexOf("taken"), out);
    }

    @Test
    void one_job_in_json_is_the_servers_own_document() {
        server.answer("GET /api/v1/jobs/019ab", Examples.job("running"));
        assertEquals(
                Examples.job("running"),
                Typed.at(server).run("--json", "job", "019ab").out().strip());
    }

    @Test
    void an_ambiguous_id_lists_the_candidates() {
        server.problem("GET /api/v1/jobs/019a", 409, "ambiguous", "[]")
                .answer(LIST, page("null", Examples.job("queued"), running()));
        var seen = Typed.at(server).run("job", "019a");
        assertEquals(2, seen.code());
        assertTrue(seen.err().contains("'019a' could be several jobs"), seen.err());
        assertTrue(seen.out().contains(ID) && seen.out().contains(OTHER), seen.out());
    }

    @Test
    void an_unknown_id_is_refused() {
        server.problem("GET /api/v1/jobs/beef", 404, "there is no job beef", "[]");
        var seen = Typed.at(server).run("job", "beef");
        assertEquals(2, seen.code());
        assertEquals("There is no job beef.\n", seen.err());
    }

    @Test
    void metrics_are_drawn_with_first_last_and_least() {
        server.answer("GET " + PATH + "/metrics", Examples.losses("loss", 4, 2, 1, 1.5));
        var seen = Typed.at(server).run("metrics", ID, "--name", "loss");
        assertEquals("""
                METRIC  FIRST  LAST   LEAST  STEPS  CURVE
                loss    4      1.500  1      4      █▃▁▂
                """, seen.out());
        assertEquals(
                "name=loss&points=1000",
                server.requests("GET " + PATH + "/metrics").getFirst().query());
        assertTrue(Json.read(Typed.at(server).run("metrics", ID, "--json").out())
                .path("series")
                .isArray());
    }

    @Test
    void what_a_job_has_put_down_is_listed_with_sizes() {
        server.answer("GET " + PATH + "/checkpoints", """
                {"location":"/data/checkpoints","note":null,"more":false,"checkpoints":[
                  {"step":20,"complete":false,"files":2,"bytes":1023,"saved_at":null},
                  {"step":10,"complete":true,"files":9,"bytes":1610612736,"saved_at":"2026-11-23T10:00:00Z"}]}""");
        String out = Typed.at(server).run("checkpoints", ID).out();
        assertTrue(out.startsWith("In /data/checkpoints\nSTEP  COMPLETE  FILES  SIZE     SAVED\n"), out);
        assertTrue(out.contains("20    no        2      1023 B"), out);
        assertTrue(out.contains("10    yes       9      1.5 GiB  2026-11-23"), out);
        server.answer("GET " + PATH + "/artifacts", """
                {"location":"s3://b/o","note":"elsewhere","files":null,"more":false}""");
        var seen = Typed.at(server).run("artifacts", ID);
        assertEquals("In s3://b/o\n", seen.out());
        assertEquals("Not listed: elsewhere.\n", seen.err());
    }

    @Test
    void events_are_read_page_by_page() {
        server.answer("GET " + PATH + "/events", "{\"events\":[%s]}".formatted(Examples.event(1, "submitted", "taken")))
                .answer(
                        "GET " + PATH + "/events",
                        "{\"events\":[%s]}".formatted(Examples.event(2, "running", "on 1 CPU")))
                .answer("GET " + PATH + "/events", "{\"events\":[]}");
        var seen = Typed.at(server).run("events", ID);
        assertEquals(2, seen.out().lines().count());
        assertTrue(seen.out().contains("running           on 1 CPU"), seen.out());
        assertEquals(
                "after=2", server.requests("GET " + PATH + "/events").getLast().query());
    }

    @Test
    void followed_events_survive_a_lost_connection_without_repetition() {
        server.stream(PATH + "/events", Examples.streamed(1, "submitted", "taken") + ": warm\n\nid: 2\ndata: {\"cut")
                .stream(
                        PATH + "/events",
                        Examples.streamed(2, "running", "go") + Examples.streamed(3, "succeeded", "done"));
        var seen = Typed.at(server).run("events", ID, "-f", "--json");
        assertEquals(0, seen.code());
        assertEquals(3, seen.out().lines().count(), seen.out());
        var requests = server.requests("STREAM " + PATH + "/events");
        assertEquals("", requests.getFirst().header("Last-event-id"));
        assertEquals("1", requests.getLast().header("Last-event-id"));
    }

    @Test
    void the_version_needs_no_server() {
        var seen = Typed.at("http://127.0.0.1:1").run("version");
        assertEquals(0, seen.code());
        assertTrue(seen.out().contains("no server at http://127.0.0.1:1"), seen.out());
        server.answer("GET /health", "{\"status\":\"ok\",\"version\":\"0.1.0\"}");
        assertTrue(Typed.at(server).run("version").out().contains("server 0.1.0"));
    }
}
