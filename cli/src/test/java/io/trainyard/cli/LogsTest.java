package io.trainyard.cli;

import static io.trainyard.cli.Examples.ID;
import static io.trainyard.cli.Examples.PATH;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LogsTest {
    private static final String LOGS = PATH + "/logs";
    private final FakeServer server = new FakeServer().answer("GET " + PATH, Examples.job("running"));

    @AfterEach
    void close() {
        server.close();
    }

    private static String page(long next, String... lines) {
        return "{\"lines\":[%s],\"next\":%d}".formatted(String.join(",", lines), next);
    }

    @Test
    void all_pages_are_printed_as_they_were_written() {
        server.answer(
                        "GET " + LOGS,
                        page(3, Examples.line(1, 0, "stdout", "  one"), Examples.line(2, 0, "stderr", "two")))
                .answer("GET " + LOGS, page(4, Examples.line(3, 0, "stdout", "three")))
                .answer("GET " + LOGS, page(4));
        var seen = Typed.at(server).run("logs", ID);
        assertEquals(0, seen.code());
        assertEquals("  one\ntwo\nthree\n", seen.out());
        assertEquals(
                "from=4&limit=1000", server.requests("GET " + LOGS).getLast().query());
    }

    @Test
    void standard_error_is_dim_on_a_terminal() {
        server.answer("GET " + LOGS, page(2, Examples.line(1, 0, "stderr", "oh")))
                .answer("GET " + LOGS, page(2));
        assertEquals(
                "\u001b[2moh\u001b[0m\n",
                Typed.at(server).onTerminal().run("logs", ID).out());
    }

    @Test
    void several_nodes_say_whose_line_it_is() {
        server.answer("GET " + LOGS, page(3, Examples.line(1, 1, "stdout", "a"), Examples.line(2, 0, "stdout", "b")))
                .answer("GET " + LOGS, page(3));
        assertEquals(
                "[node-1] a\n[node-0] b\n", Typed.at(server).run("logs", ID).out());
    }

    @Test
    void following_begins_after_the_tail_and_goes_on_after_a_lost_connection() {
        server.answer("GET " + LOGS, page(8, Examples.line(7, 0, "stdout", "seven"))).stream(
                LOGS, Examples.streamedLine(8, 0, "stdout", "eight"))
                .stream(LOGS, Examples.streamedLine(9, 0, "stdout", "nine") + "event: end\ndata: {}\n\n");
        var seen = Typed.at(server).run("logs", ID, "-f", "--tail", "1");
        assertEquals(0, seen.code());
        assertEquals("seven\neight\nnine\n", seen.out());
        var requests = server.requests("STREAM " + LOGS);
        assertEquals("from=8", requests.getFirst().query());
        assertEquals("8", requests.getLast().header("Last-event-id"));
    }

    @Test
    void lines_in_json_are_one_document_each() {
        server.stream(LOGS, Examples.streamedLine(1, 0, "stdout", "a") + "event: end\ndata:\n\n");
        assertEquals(
                Examples.line(1, 0, "stdout", "a") + "\n",
                Typed.at(server).run("logs", ID, "-f", "--json").out());
    }

    @Test
    void the_beginning_can_be_given_only_once() {
        var seen = Typed.at(server).run("logs", ID, "--tail", "1", "--from", "2");
        assertEquals(2, seen.code());
        assertTrue(seen.err().contains("either --tail or --from"), seen.err());
    }
}
