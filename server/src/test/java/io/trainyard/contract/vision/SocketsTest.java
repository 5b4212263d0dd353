package io.trainyard.contract.vision;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.LiveServer;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Events of jobs over WebSockets, read by the client of the JDK. */
class SocketsTest {
    private static final String CLOSED = "closed ";

    @TempDir
    Path home;

    @Test
    void the_events_of_a_job_come_from_the_first_to_the_last_and_then_the_socket_closes() throws Exception {
        try (var vision = Vision.simulated(home)) {
            vision.post("/training/start", Vision.body(1));
            var heard = connect(vision, "/vision/ws/jobs/1");
            vision.post("/training/stop/1");
            var events = new ArrayList<String>();
            String message = next(heard);
            while (!message.startsWith(CLOSED)) {
                JsonNode event = LiveServer.JSON.readTree(message);
                assertEquals(1, event.get("job_id").intValue());
                events.add(event.get("event").stringValue());
                message = next(heard);
            }
            assertEquals("submitted", events.getFirst());
            assertEquals("cancelled", events.getLast());
            assertEquals(CLOSED + 1000, message);
        }
    }

    @Test
    void all_jobs_of_this_contract_are_told_and_no_others() throws Exception {
        try (var vision = Vision.simulated(home)) {
            var heard = connect(vision, "/vision/ws/jobs");
            vision.server.send(vision.server.anonymous("POST", "/unified/train", """
                {"framework": "hf", "model_id": "org/tiny", "run_id": "other", "checkpoint_base_uri": "s3://b/r",
                 "dataset_uri": "s3://b/rows.jsonl"}"""));
            vision.post("/training/start", Vision.body(2));
            String message = next(heard);
            assertEquals(2, LiveServer.JSON.readTree(message).get("job_id").intValue(), message);
        }
    }

    @Test
    void an_unknown_job_has_no_events() throws Exception {
        try (var vision = Vision.simulated(home)) {
            assertEquals(CLOSED + 4404, next(connect(vision, "/vision/ws/jobs/9")));
        }
    }

    @Test
    void who_may_not_ask_and_pages_of_others_are_refused_before_the_upgrade() throws Exception {
        try (var vision = Vision.simulated(home, Map.of("TRAINER_API_TOKEN", "t"))) {
            assertThrows(CompletionException.class, () -> connect(vision, "/vision/ws/jobs"));
            assertTrue(
                    connect(vision, "/vision/ws/jobs", "X-TRAINER-TOKEN", "t").isEmpty());
            assertThrows(
                    CompletionException.class,
                    () -> connect(
                            vision, "/vision/ws/jobs", "X-TRAINER-TOKEN", "t", "Origin", "https://elsewhere.example"));
        }
    }

    private static LinkedBlockingQueue<String> connect(Vision vision, String path, String... headers) {
        var heard = new LinkedBlockingQueue<String>();
        var builder = HttpClient.newHttpClient().newWebSocketBuilder();
        for (int i = 0; i < headers.length; i += 2) builder.header(headers[i], headers[i + 1]);
        var _ = builder.buildAsync(URI.create("ws://127.0.0.1:" + vision.server.port() + path), new Listener(heard))
                .join();
        return heard;
    }

    private static String next(LinkedBlockingQueue<String> heard) throws Exception {
        return Optional.ofNullable(heard.poll(30, TimeUnit.SECONDS))
                .orElseThrow(() -> new TimeoutException("nothing was heard"));
    }

    private record Listener(LinkedBlockingQueue<String> heard, List<CharSequence> parts) implements WebSocket.Listener {
        Listener(LinkedBlockingQueue<String> heard) {
            this(heard, new ArrayList<>());
        }

        @Override
        public CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
            parts.add(data);
            if (last) {
                heard.add(String.join("", parts));
                parts.clear();
            }
            socket.request(1);
            return java.util.concurrent.CompletableFuture.completedStage(null);
        }

        @Override
        public CompletionStage<?> onClose(WebSocket socket, int status, String reason) {
            heard.add(CLOSED + status);
            return java.util.concurrent.CompletableFuture.completedStage(null);
        }
    }
}
