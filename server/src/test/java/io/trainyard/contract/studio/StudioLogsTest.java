package io.trainyard.contract.studio;

import static io.trainyard.contract.studio.Studio.body;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** What local jobs print, read back through this contract. */
class StudioLogsTest {
    @TempDir
    Path home;

    @Test
    void F37_text_that_is_split_at_every_byte_arrives_whole() throws IOException {
        var text = new StringBuilder();
        while (text.toString().getBytes(StandardCharsets.UTF_8).length < 300_000)
            text.append("zeile ")
                    .append(text.length())
                    .append(" ünïçödé 作业完成 🚂🚃🚃 ".repeat(40))
                    .append('\n');
        Path file = home.resolve("text");
        Files.writeString(file, text);
        // One write a byte: whatever reads along meets every boundary there is.
        String script = "exec dd if='" + file + "' bs=1 status=none";
        try (var studio = Studio.running(home, script)) {
            String id = studio.id(body());
            assertEquals("succeeded", studio.finished(id).get("status").stringValue());
            assertEquals(text.toString(), studio.allMessages(id).toString());
        }
    }

    @Test
    void F33_a_log_of_20_megabytes_costs_no_more_than_its_page() {
        int limit = 100_000;
        String script = "exec awk 'BEGIN { for (i = 1; i <= 200000; i++) printf \"%099d\\n\", i }'";
        try (var studio = Studio.running(home, script, Map.of("MAX_LOG_CHARS", Integer.toString(limit)))) {
            String id = studio.id(body());
            JsonNode job = studio.finished(id);
            assertEquals("succeeded", job.get("status").stringValue());
            assertEquals(200_000, job.get("logsLast").longValue());
            assertEquals(1000, job.get("logs").size());
            assertEquals(200_001, job.get("logsNext").longValue());
            assertEquals("%099d".formatted(200_000), job.at("/logs/999/message").stringValue());
            assertEquals(limit - 1, job.get("logTail").stringValue().length());

            JsonNode page =
                    studio.get("/jobs/" + id + "?from=50001&limit=2").json().get("job");
            assertEquals(2, page.get("logs").size());
            assertEquals("%099d".formatted(50_001), page.at("/logs/0/message").stringValue());
            assertEquals(50_001, page.get("logsFrom").longValue());
            assertEquals(50_003, page.get("logsNext").longValue());

            String list = studio.get("/jobs").text();
            assertTrue(list.length() < 5000, () -> "a list of one job has " + list.length() + " characters");

            long before = used();
            for (int i = 0; i < 20; i++)
                assertEquals(200, studio.get("/jobs/" + id).status());
            long after = used();
            assertTrue(after - before < 8 << 20, () -> "kept after 20 looks: " + (after - before) + " bytes");
        }
    }

    private static long used() {
        for (int i = 0; i < 3; i++) System.gc();
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }

    @Test
    void F33_the_smallest_limit_still_shows_a_line_and_never_half_a_character() {
        try (var studio = Studio.running(home, "echo first; printf 'x🚂\\n'", Map.of("MAX_LOG_CHARS", "1"))) {
            JsonNode job = studio.finished(studio.id(body()));
            assertEquals(1, job.get("logs").size());
            assertEquals("x🚂", job.at("/logs/0/message").stringValue());
            assertEquals("", job.get("logTail").stringValue());
        }
    }

    @Test
    void a_page_behind_the_end_is_empty_and_says_where_to_go_on() {
        try (var studio = Studio.running(home, "echo only")) {
            String id = studio.id(body());
            studio.finished(id);
            JsonNode page = studio.get("/jobs/" + id + "?from=2").json().get("job");
            assertEquals(0, page.get("logs").size());
            assertEquals(2, page.get("logsNext").longValue());
            for (String wrong : new String[] {"from=0", "from=x", "limit=0", "limit=5001"}) {
                var reply = studio.get("/jobs/" + id + "?" + wrong);
                assertEquals(400, reply.status());
                assertFalse(reply.json().get("error").stringValue().isEmpty());
            }
        }
    }
}
