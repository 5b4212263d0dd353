package io.trainyard.cli;

import static io.trainyard.cli.Examples.ID;
import static io.trainyard.cli.Examples.PATH;
import static io.trainyard.cli.Examples.progress;
import static io.trainyard.cli.Examples.streamed;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.cli.api.Json;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class FollowTest {
    private final FakeServer server =
            new FakeServer().answer("GET " + PATH + "/metrics", Examples.losses("loss", 4, 3));

    @AfterEach
    void close() {
        server.close();
    }

    /** The stream ends its first connection early, so that some looks at the job fall before the end. */
    private FakeServer finishing(String last) {
        return server.stream(PATH + "/events", streamed(1, "running", "on 2 CPUs")).stream(
                        PATH + "/events", streamed(2, "checkpoint", "step 40"))
                .stream(PATH + "/events", "")
                .stream(PATH + "/events", "")
                .stream(PATH + "/events", "")
                .stream(PATH + "/events", streamed(3, last, "over"))
                .answer("GET " + PATH, Examples.job("running", progress(42, 100, 2.5)))
                .answer("GET " + PATH, Examples.job(last, progress(100, 100, 1.25)));
    }

    @Test
    void in_a_pipe_each_change_is_a_plain_line() {
        var seen = Typed.at(finishing("succeeded")).run("follow", ID);
        assertEquals(0, seen.code(), seen.err());
        assertFalse(seen.out().contains("\u001b") || seen.out().contains("\r"), seen.out());
        List<String> kinds = seen.out()
                .lines()
                .map(line -> line.replaceAll("^[0-9:]+ +", ""))
                .toList();
        assertTrue(kinds.contains("running           on 2 CPUs"), seen.out());
        assertTrue(kinds.contains("checkpoint        step 40"), seen.out());
        assertTrue(kinds.contains("progress          step 42/100  42%  loss 2.500  1m 15s left"), seen.out());
        assertTrue(kinds.getLast().startsWith("tiny succeeded after 1m 23s, step 100, loss "), seen.out());
    }

    @Test
    void on_a_terminal_one_line_is_redrawn_below_the_others() {
        var seen = Typed.at(finishing("succeeded"))
                .onTerminal()
                .with("NO_COLOR", "1")
                .run("follow", ID);
        assertTrue(
                seen.out().contains("\r\u001b[2Krunning  ████████▍░░░░░░░░░░░ 42%  step 42/100  loss 2.500 █▃▁"),
                seen.out());
        assertTrue(seen.out().contains("1m 15s left"), seen.out());
        assertTrue(seen.out().endsWith("step 100, loss 3\n") || seen.out().contains("tiny succeeded"), seen.out());
    }

    @Test
    void in_json_each_change_is_a_line_and_the_job_comes_last() {
        var seen = Typed.at(finishing("cancelled")).run("follow", ID, "--json");
        assertEquals(1, seen.code());
        var types = seen.out()
                .lines()
                .map(line -> Json.text(Json.read(line), "type"))
                .toList();
        assertTrue(types.containsAll(List.of("event", "progress", "job")), types.toString());
        assertEquals("job", types.getLast());
    }

    @Test
    void a_job_that_ended_long_ago_is_told_at_once() {
        server.stream(PATH + "/events", streamed(1, "succeeded", "done"))
                .answer("GET " + PATH, Examples.job("succeeded"));
        assertEquals(0, Typed.at(server).run("follow", ID).code());
    }

    @Test
    void a_server_that_fails_for_a_moment_is_waited_for() {
        server.answerAs("STREAM " + PATH + "/events", 503, "text/html", "<html>").stream(
                        PATH + "/events", streamed(1, "succeeded", "done"))
                .answer("GET " + PATH, Examples.job("succeeded"));
        var seen = Typed.at(server).run("follow", ID);
        assertEquals(0, seen.code());
        assertTrue(seen.err().contains("failed with 503"), seen.err());
        assertTrue(seen.err().contains("Trying again"), seen.err());
    }

    @Test
    void a_server_that_stays_away_is_given_up() {
        server.answerAs("STREAM " + PATH + "/events", 503, "text/html", "<html>")
                .answer("GET " + PATH, Examples.job("running"));
        var seen = Typed.at(server).givingUpAfter(Duration.ofMillis(50)).run("follow", ID);
        assertEquals(3, seen.code());
    }

    @Test
    void a_job_deleted_meanwhile_ends_the_watching() {
        server.problem("STREAM " + PATH + "/events", 404, "there is no such job", "[]")
                .answer("GET " + PATH, Examples.job("running"));
        assertEquals(2, Typed.at(server).run("follow", ID).code());
    }
}
