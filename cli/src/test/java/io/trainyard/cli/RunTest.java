package io.trainyard.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Help, wrong usage, tokens and addresses: what all commands have in common. */
class RunTest {
    private static final String NONE = "{\"jobs\":[],\"next_cursor\":null}";
    private final FakeServer server = new FakeServer();

    @AfterEach
    void close() {
        server.close();
    }

    @Test
    void alone_it_explains_itself() {
        var seen = Typed.at(server).run();
        assertEquals(0, seen.code());
        assertTrue(seen.out().contains("Usage: trainyard"), seen.out());
        for (String command : List.of("submit", "jobs", "job", "follow", "logs", "metrics", "demo"))
            assertTrue(seen.out().contains("\n  " + command + " "), command + " in " + seen.out());
        assertTrue(seen.out().contains("Exit codes: 0 good"), seen.out());
        assertFalse(seen.out().contains("\u001b"));
        assertEquals(seen.out(), Typed.at(server).run("--help").out());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "submit",
                "jobs",
                "job",
                "follow",
                "logs",
                "metrics",
                "events",
                "cancel",
                "pause",
                "resume",
                "retry",
                "plan",
                "clone",
                "completion",
                "delete",
                "demo",
                "images",
                "version",
                "webhooks",
                "artifacts",
                "checkpoints"
            })
    void every_command_has_help_with_an_example(String command) {
        var seen = Typed.at(server).run(command, "--help");
        assertEquals(0, seen.code(), seen.err());
        assertTrue(
                seen.out().contains("Usage: trainyard " + command) || seen.out().contains("trainyard " + command),
                seen.out());
        assertTrue(seen.out().toLowerCase(Locale.ROOT).contains("example"), seen.out());
        assertTrue(seen.out().contains("--url"), seen.out());
        assertTrue(seen.out().lines().allMatch(line -> line.length() <= 120), seen.out());
    }

    @Test
    void an_unknown_command_suggests_the_nearest() {
        var seen = Typed.at(server).run("metrcs");
        assertEquals(2, seen.code());
        assertTrue(seen.err().contains("There is no command 'metrcs'"), seen.err());
        assertTrue(seen.err().contains("metrics"), seen.err());
        assertEquals("", seen.out());
    }

    @Test
    void an_unknown_option_suggests_the_nearest_and_names_the_help() {
        var seen = Typed.at(server).run("jobs", "--stat", "x");
        assertEquals(2, seen.code());
        assertTrue(seen.err().contains("--state"), seen.err());
        assertTrue(seen.err().contains("trainyard jobs --help"), seen.err());
    }

    @Test
    void a_missing_id_is_said() {
        var seen = Typed.at(server).run("job");
        assertEquals(2, seen.code());
        assertTrue(seen.err().contains("ID"), seen.err());
    }

    @Test
    void without_a_server_one_is_suggested() {
        server.close();
        var seen = Typed.at(server).run("jobs");
        assertEquals(3, seen.code());
        assertEquals("No server answers at " + server.url() + ". Start one with: ./trainyard serve\n", seen.err());
    }

    @Test
    void an_address_elsewhere_is_questioned() {
        var seen = Typed.at("http://trainyard.invalid:4000/").run("jobs");
        assertEquals(3, seen.code());
        assertEquals(
                "No server answers at http://trainyard.invalid:4000. Is --url or TRAINYARD_URL right?\n", seen.err());
    }

    @Test
    void an_address_that_is_none_is_usage() {
        assertEquals(2, Typed.at(server).run("jobs", "--url", "ftp://x").code());
        assertEquals(2, Typed.at(server).run("jobs", "--url", "http://a b").code());
    }

    @Test
    void the_address_stands_before_or_after_the_command() {
        server.answer("GET /api/v1/jobs", NONE);
        Typed elsewhere = Typed.at("http://127.0.0.1:1");
        assertEquals(0, elsewhere.run("--url", server.url(), "jobs").code());
        assertEquals(
                0,
                elsewhere
                        .run("jobs", "--url", server.url().substring("http://".length()))
                        .code());
    }

    @Test
    void a_failing_server_is_told_from_a_refusing_one() {
        server.problem("GET /api/v1/jobs", 500, "the disk is full", "[]");
        var seen = Typed.at(server).run("jobs");
        assertEquals(3, seen.code());
        assertTrue(seen.err().contains("failed with 500: the disk is full"), seen.err());
    }

    @Test
    void something_else_at_the_address_is_recognised() {
        server.answerAs("GET /api/v1/jobs", 404, "text/html", "<html>hello</html>");
        var seen = Typed.at(server).run("jobs");
        assertEquals(3, seen.code());
        assertTrue(seen.err().contains("is no Trainyard server"), seen.err());
    }

    @Test
    void the_token_comes_from_the_environment_or_a_file(@TempDir Path folder) throws IOException {
        server.answer("GET /api/v1/jobs", NONE);
        Typed.at(server).with("TRAINER_API_TOKEN", "two").run("jobs");
        Typed.at(server)
                .with("TRAINER_API_TOKEN", "two")
                .with("TRAINYARD_TOKEN", "one")
                .run("jobs");
        String file = Files.writeString(folder.resolve("token"), "three\n").toString();
        Typed.at(server).with("TRAINYARD_TOKEN", "one").run("jobs", "--token-file", file);
        Typed.at(server).run("jobs");
        assertEquals(
                List.of("Bearer two", "Bearer one", "Bearer three", ""),
                server.requests("GET /api/v1/jobs").stream()
                        .map(request -> request.header("Authorization"))
                        .toList());
        assertEquals(2, Typed.at(server).run("jobs", "--token-file", "nowhere").code());
        assertEquals(2, Typed.at(server).run("jobs", "--token", "x").code());
    }

    @Test
    void a_missing_token_says_where_it_is_read() {
        server.problem("GET /api/v1/jobs", 401, "a token is needed", "[]");
        var seen = Typed.at(server).run("jobs");
        assertEquals(2, seen.code());
        assertTrue(seen.err().contains("TRAINYARD_TOKEN"), seen.err());
    }
}
