package io.trainyard.contract.trainyard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.LiveServer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Secrets go in by every field that takes one, a job prints them, and afterwards they are nowhere. */
class CanaryTest {
    private static final String CANARY = "canary06f1d0c4b9a";

    private static final String BODY = """
            {"name":"canary","framework":"custom",
             "model":{"name":"m","token":"CANARY-token"},
             "datasets":[{"source":"s","credentials":{"aws_secret_access_key":"CANARY-credential"}}],
             "webhooks":[{"url":"http://127.0.0.1:9/hook","authorization":"CANARY-authorization","secret":"whsec_CANARYsigningKeyOfMine000"}],
             "container":{"command":["sh","-c","echo before; echo $KEY; echo err $KEY >&2; env; echo after"],
                          "environment":{"KEY":{"secret":"CANARY-environment"}}},
             "placement":{"backends":["local"]}}""".replace("CANARY", CANARY);

    /** The same container, for the place that the job comes to. */
    private static final String PLACED = BODY.replace(
                    "\"container\":", "\"container\":{\"command\":[\"false\"]},\"there\":")
            .replaceFirst(
                    "(?s),\\s*\"there\":(.*),\\s*\"placement\":.*",
                    ",\"placement\":{\"backends\":[\"local\"],\"containers\":{\"local\":$1}}}");

    static List<String> bodies() {
        return List.of(BODY, PLACED);
    }

    @ParameterizedTest
    @MethodSource("bodies")
    void no_secret_is_in_any_answer_event_line_or_file(String body, @TempDir Path home) throws IOException {
        var shown = new ArrayList<String>();
        try (var server = LiveServer.start(home)) {
            shown.add(server.post("/api/v1/jobs?dry_run=true", body).text());
            shown.add(server.post("/api/v1/jobs", body, "Idempotency-Key", "k").text());
            shown.add(server.post("/api/v1/jobs", body, "Idempotency-Key", "k").text());
            shown.add(server.post("/api/v1/jobs", body.replace("before", "x"), "Idempotency-Key", "k")
                    .text());
            String id = server.get("/api/v1/jobs").json().at("/jobs/0/id").stringValue();
            shown.add(server.await(id, "succeeded").toString());
            String job = "/api/v1/jobs/" + id;
            String logs = server.get(job + "/logs").text();
            assertTrue(logs.contains("before") && logs.contains("after"), logs);
            shown.addAll(List.of(
                    logs,
                    server.get(job + "/events").text(),
                    server.get("/api/v1/jobs").text()));
            shown.add(server.post(job + "/retry", "").text());
            String second = server.get("/api/v1/jobs").json().at("/jobs/0/id").stringValue();
            server.await(second, "succeeded");
            shown.add(server.get("/api/v1/jobs/" + second + "/logs").text());
            shown.add(server.delete("/api/v1/jobs/" + second).text());
        }
        for (String text : shown) assertFalse(text.contains(CANARY), text);
        assertEquals(List.of(), holding(home, CANARY));
        assertTrue(holding(home, "sh").size() > 1, "the files were read at all");
    }

    private static List<Path> holding(Path home, String text) throws IOException {
        try (var files = Files.walk(home)) {
            return files.filter(Files::isRegularFile)
                    .filter(file -> new String(bytes(file), StandardCharsets.ISO_8859_1).contains(text))
                    .toList();
        }
    }

    private static byte[] bytes(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
