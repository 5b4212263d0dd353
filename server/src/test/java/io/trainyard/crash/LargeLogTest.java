package io.trainyard.crash;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A log of 20 MB read by many clients at once, each of which stops reading after a little. A server that held the log for
 * each of them would need 600 MB, and has 256.
 */
class LargeLogTest {
    private static final int LINES = 100_000;
    private static final int LINE_BYTES = 200;
    private static final int READERS = 15;
    private static final String JOB = """
            {"name":"large","framework":"custom","placement":{"backends":["local"]},
             "container":{"command":["sh","-c","head -c %d /dev/zero | tr '\\\\0' x | fold -w %d"]}}""".formatted(LINES * (LINE_BYTES - 1), LINE_BYTES - 1);

    private final HttpClient client = HttpClient.newHttpClient();
    private final JsonMapper json = new JsonMapper();

    @Test
    void a_log_costs_no_more_than_a_page_of_it_in_memory(@TempDir Path folder) throws Exception {
        var settings = Map.of("TRAINER_JOB_RUNNER", "mock", "TRAINYARD_LOCAL_ALLOW_COMMANDS", "true");
        var server = ServerProcess.start(folder.resolve("home"), settings, List.of(), ServerProcess.PLAIN, "serve");
        try {
            URI jobs = server.ready().resolve("/api/v1/jobs");
            String job = jobs + "/" + done(jobs);
            var open = new ArrayList<InputStream>();
            for (int i = 0; i < READERS; i++) {
                open.add(started(job + "/logs/download", "*/*"));
                open.add(started(job + "/logs", "text/event-stream"));
            }
            JsonNode page = json.readTree(text(job + "/logs?limit=10000"));
            assertEquals(10_000, page.get("lines").size());
            assertEquals((long) LINES * LINE_BYTES, 1 + rest(open.getFirst()));
            for (InputStream each : open) each.close();
            assertTrue(text(job).contains("succeeded"));
        } finally {
            server.kill(false);
        }
    }

    private String done(URI jobs) throws Exception {
        var request =
                HttpRequest.newBuilder(jobs).POST(BodyPublishers.ofString(JOB)).build();
        String answer = client.send(request, BodyHandlers.ofString()).body();
        String id = json.readTree(answer).path("id").asString(answer);
        long end = System.nanoTime() + Duration.ofMinutes(2).toNanos();
        while (!text(jobs + "/" + id).contains("\"state\":\"succeeded\"")) {
            assertTrue(System.nanoTime() < end, () -> "not done: " + id);
            Thread.sleep(100);
        }
        return id;
    }

    private String text(String address) throws Exception {
        return client.send(HttpRequest.newBuilder(URI.create(address)).build(), BodyHandlers.ofString())
                .body();
    }

    private InputStream started(String address, String accept) throws Exception {
        var request = HttpRequest.newBuilder(URI.create(address))
                .header("Accept", accept)
                .build();
        InputStream body = client.send(request, BodyHandlers.ofInputStream()).body();
        assertTrue(body.read() > 0);
        return body;
    }

    private static long rest(InputStream in) throws Exception {
        byte[] buffer = new byte[1 << 16];
        long total = 0;
        for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) total += read;
        return total;
    }
}
