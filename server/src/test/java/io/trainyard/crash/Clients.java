package io.trainyard.crash;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Phaser;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Clients that want their jobs whatever becomes of the server: they say the same again until they are answered. */
final class Clients {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final int AT_ONCE = 8;
    private static final Duration ANSWER_WITHIN = Duration.ofSeconds(20);

    /** Where the server is now; empty while it is down. */
    final AtomicReference<Optional<URI>> server = new AtomicReference<>(Optional.empty());

    final ConcurrentHashMap<Ask, Acknowledged> acknowledged = new ConcurrentHashMap<>();
    final ConcurrentLinkedQueue<String> surprises = new ConcurrentLinkedQueue<>();
    final AtomicInteger lost = new AtomicInteger();
    final AtomicInteger repeated = new AtomicInteger();
    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final Semaphore turns = new Semaphore(AT_ONCE);
    private final Phaser waiting = new Phaser(1);
    private final Path ledger;

    /** @param deeds answer by verb, of those that were answered 2xx */
    record Acknowledged(String id, Map<String, JsonNode> deeds) {}

    record Answer(int status, JsonNode body) {}

    Clients(Path ledger) {
        this.ledger = ledger;
    }

    void submit(List<Ask> wave) {
        for (Ask ask : wave) {
            waiting.register();
            Thread.ofVirtual().name(ask.name()).start(() -> {
                try {
                    serve(ask);
                } catch (Exception e) {
                    surprises.add(ask + ": " + e);
                } finally {
                    waiting.arriveAndDeregister();
                }
            });
        }
    }

    /** Returns when all that was submitted is answered. */
    void finish() {
        waiting.arriveAndAwaitAdvance();
    }

    private void serve(Ask ask) throws InterruptedException {
        Answer created = untilAnswered("POST", "/api/v1/jobs", ask.body(ledger.toString()), ask.key());
        if (created.status() != 201 && created.status() != 200) {
            surprises.add(ask.name() + " was answered " + created);
            return;
        }
        if (created.status() == 200) repeated.incrementAndGet();
        String id = created.body().path("id").asString("");
        var mine = new Acknowledged(id, new ConcurrentHashMap<>());
        acknowledged.put(ask, mine);
        for (Ask.Deed deed : ask.deeds()) {
            Thread.sleep(deed.afterMillis());
            boolean delete = deed.verb().equals("delete");
            Answer answer = untilAnswered(
                    delete ? "DELETE" : "POST", "/api/v1/jobs/" + id + (delete ? "" : "/" + deed.verb()), "", "");
            if (answer.status() / 100 == 2) mine.deeds().put(deed.verb(), answer.body());
            // Said again after a lost answer, a thing already done is refused.
            else if (answer.status() != 409 && !(delete && answer.status() == 404))
                surprises.add(deed.verb() + " of " + id + " was answered " + answer);
            else if (delete) mine.deeds().put("delete", answer.body());
        }
    }

    private Answer untilAnswered(String method, String path, String body, String key) throws InterruptedException {
        while (true) {
            Optional<URI> now = server.get();
            if (now.isPresent()) {
                turns.acquire();
                try {
                    return send(now.get(), method, path, body, key);
                } catch (IOException lostConnection) {
                    lost.incrementAndGet();
                } finally {
                    turns.release();
                }
            }
            Thread.sleep(20);
        }
    }

    private Answer send(URI to, String method, String path, String body, String key)
            throws IOException, InterruptedException {
        var request = HttpRequest.newBuilder(to.resolve(path))
                .timeout(ANSWER_WITHIN)
                .method(method, HttpRequest.BodyPublishers.ofString(body));
        if (!key.isEmpty()) request.header("Idempotency-Key", key);
        var response = http.send(request.build(), HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8));
        if (response.statusCode() >= 500)
            surprises.add(method + " " + path + " was answered " + response.statusCode() + " " + response.body());
        return new Answer(
                response.statusCode(),
                response.body().isEmpty() ? JSON.createObjectNode() : JSON.readTree(response.body()));
    }

    /** Asks the server that is up now. */
    Answer get(String path) throws IOException, InterruptedException {
        return send(server.get().orElseThrow(), "GET", path, "", "");
    }
}
