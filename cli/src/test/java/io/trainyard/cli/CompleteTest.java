package io.trainyard.cli;

import static io.trainyard.cli.Examples.ID;
import static io.trainyard.cli.Examples.OTHER;
import static io.trainyard.cli.Examples.PATH;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.cli.api.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Planning, copying, waiting, choosing by filters, and completing what is typed. */
class CompleteTest {
    private static final String LIST = "GET /api/v1/jobs";
    private final FakeServer server = new FakeServer();

    @AfterEach
    void close() {
        server.close();
    }

    @Test
    void a_time_is_given_as_such_or_as_how_long_ago() {
        server.answer(LIST, "{\"jobs\":[],\"next_cursor\":null}");
        Typed.at(server)
                .run(
                        "jobs",
                        "--text",
                        "a b",
                        "--project",
                        "p",
                        "--after",
                        "12h",
                        "--before",
                        "2026-11-23T10:00:00+01:00");
        assertEquals(
                "project=p&text=a b&created_after=2026-11-22T22:00:00Z&created_before=2026-11-23T09:00:00Z",
                server.requests(LIST).getFirst().query());
        var wrong = Typed.at(server).run("jobs", "--after", "yesterday");
        assertEquals(2, wrong.code());
        assertTrue(wrong.err().contains("--after yesterday"), wrong.err());
    }

    @Test
    void a_plan_tells_the_order_of_backends_and_what_speaks_against_them() {
        server.answer("POST /api/v1/plan", """
                {"plan":{"backend":"local","accepted":true,"fallback":true,"objections":[],"warnings":["slow"],
                 "backends":[{"name":"kubernetes","objections":["image: is required"],"warnings":[]},{"name":"local","objections":[],"warnings":[]}],
                 "manifest":"run.json: {}"},"job":{}}""");
        var seen = Typed.at(server).run("plan", "--name", "n", "--model", "m");
        assertEquals(0, seen.code(), seen.err());
        assertTrue(seen.out().contains("It would run on local. Nothing was submitted."), seen.out());
        assertTrue(seen.out().contains("kubernetes  refuses: image: is required"), seen.out());
        assertTrue(seen.out().contains("run.json: {}"), seen.out());
        assertEquals(
                "n",
                Json.text(
                        Json.read(
                                server.requests("POST /api/v1/plan").getFirst().body()),
                        "name"));
        assertEquals(2, Typed.at(server).run("plan").code());
    }

    @Test
    void a_clone_says_only_what_is_otherwise_and_waits_where_told() {
        server.answer("POST " + PATH + "/clone", Examples.job(OTHER, "b", "queued", "null"))
                .answer("GET /api/v1/jobs/" + OTHER, Examples.job(OTHER, "b", "running", "null"))
                .answer("GET /api/v1/jobs/" + OTHER, Examples.job(OTHER, "b", "failed", "null"));
        var seen = Typed.at(server)
                .run("clone", ID, "--name", "b", "--label", "k=v", "--idempotency-key", "mine", "--wait");
        assertEquals(1, seen.code(), seen.err());
        assertTrue(seen.out().startsWith(OTHER + "  b  failed"), seen.out());
        var asked = server.requests("POST " + PATH + "/clone").getFirst();
        assertEquals("{\"name\":\"b\",\"labels\":{\"k\":\"v\"}}", asked.body());
        assertEquals("mine", asked.header("Idempotency-key"));
    }

    @Test
    void a_retry_that_is_waited_for_ends_with_the_code_of_the_new_job() {
        server.answer("POST " + PATH + "/retry", Examples.job(OTHER, "b", "queued", "null"))
                .answer("GET /api/v1/jobs/" + OTHER, Examples.job(OTHER, "b", "succeeded", "null"));
        assertEquals(0, Typed.at(server).run("retry", ID, "--wait").code());
        assertFalse(server.requests("POST " + PATH + "/retry")
                .getFirst()
                .header("Idempotency-key")
                .isEmpty());
    }

    @Test
    void a_submitted_job_can_be_waited_for_quietly() {
        server.answer("POST /api/v1/jobs", Examples.job("queued")).answer("GET " + PATH, Examples.job("failed"));
        var seen = Typed.at(server).run("submit", "--name", "n", "--model", "m", "--wait");
        assertEquals(1, seen.code());
        assertEquals(ID + "\n", seen.out());
        assertTrue(seen.err().contains("failed: out_of_memory"), seen.err());
    }

    @Test
    void many_are_cancelled_by_a_filter_and_never_by_none() {
        server.answer(
                "POST /api/v1/jobs/cancel", "{\"count\":2,\"ids\":[\"%s\",\"%s\"],\"more\":true}".formatted(ID, OTHER));
        var seen = Typed.at(server).run("cancel", "--state", "queued", "--label", "a=b", "--dry-run");
        assertEquals(0, seen.code(), seen.err());
        assertEquals(ID + "\n" + OTHER + "\n", seen.out());
        assertTrue(seen.err().contains("2 would be cancelled, and there are more."), seen.err());
        assertEquals(
                "state=queued&label=a=b&dry_run=true",
                server.requests("POST /api/v1/jobs/cancel").getFirst().query());
        for (List<String> wrong : List.of(
                List.of("cancel"), List.of("cancel", ID, "--state", "queued"), List.of("cancel", ID, "--dry-run")))
            assertEquals(2, Typed.at(server).run(wrong.toArray(String[]::new)).code(), wrong.toString());
        assertEquals(1, server.requests("POST /api/v1/jobs/cancel").size());
    }

    @Test
    void a_range_of_a_log_is_asked_for_and_no_more() {
        server.answer("GET " + PATH, Examples.job("running"))
                .answer(
                        "GET " + PATH + "/logs",
                        "{\"lines\":[%s],\"next\":8}".formatted(Examples.line(7, 0, "stdout", "seven")))
                .answer(
                        "GET " + PATH + "/logs",
                        "{\"lines\":[%s],\"next\":9}".formatted(Examples.line(8, 0, "stdout", "eight")));
        var seen = Typed.at(server).run("logs", ID, "--from", "7", "--to", "8");
        assertEquals("seven\neight\n", seen.out());
        var asked = server.requests("GET " + PATH + "/logs");
        assertEquals(
                List.of("from=7&limit=2", "from=8&limit=1"),
                asked.stream().map(FakeServer.Request::query).toList());
        assertEquals(
                2, Typed.at(server).run("logs", ID, "--to", "8", "--tail", "3").code());
    }

    @Test
    void the_completion_script_is_sound_and_completes_commands_and_options(@TempDir Path folder)
            throws IOException, InterruptedException {
        var seen = Typed.at(server).run("completion");
        assertEquals(0, seen.code(), seen.err());
        Path script = Files.writeString(folder.resolve("completion"), seen.out());
        // compopt refuses to work where nobody is typing.
        String typed = "compopt() { :; }; source '%s'; COMP_WORDS=(trainyard %s); COMP_CWORD=%d; _complete_trainyard;"
                + " echo \"${COMPREPLY[@]}\"";
        assertTrue(bash(typed.formatted(script, "me", 1)).contains("metrics"));
        assertTrue(bash(typed.formatted(script, "jobs --cr", 2)).isBlank());
        assertTrue(bash(typed.formatted(script, "cancel --dry", 2)).contains("--dry-run"));
    }

    private static String bash(String command) throws IOException, InterruptedException {
        var process = new ProcessBuilder("bash", "-c", command)
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), said);
        return said;
    }
}
