package io.trainyard.cli.api;

import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/**
 * The connection with one server. A 4xx becomes {@link Refused}; no answer, a 5xx or one that is not JSON becomes
 * {@link OutOfReach}. Creating may be said twice: a lost connection repeats the request under the same key.
 */
public final class Api implements AutoCloseable {
    private static final Duration CONNECT_LIMIT = Duration.ofSeconds(3);
    private static final Duration REQUEST_LIMIT = Duration.ofSeconds(15);

    private final HttpClient client;
    private final URI base;
    private final Optional<String> token;
    private final Pace pace;

    public Api(URI base, Optional<String> token, Pace pace) {
        this.client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(CONNECT_LIMIT)
                .build();
        this.base = base;
        this.token = token;
        this.pace = pace;
    }

    public URI base() {
        return base;
    }

    public Pace pace() {
        return pace;
    }

    public JsonNode get(Query query) {
        return send("GET", query, Optional.empty(), Map.of()).body();
    }

    public Answer send(String method, Query query) {
        return send(method, query, Optional.empty(), Map.of());
    }

    /** Creates something; the same key and body create it once, however often a lost connection makes us ask. */
    public Answer create(Query query, JsonNode body, String idempotencyKey) {
        Duration wait = pace.retry();
        long began = System.nanoTime();
        boolean mayHaveArrived = false;
        while (true) {
            try {
                return exchange("POST", query, Optional.of(body), Map.of("Idempotency-Key", idempotencyKey));
            } catch (IOException lost) {
                mayHaveArrived |= !neverConnected(lost);
                boolean tooLong = System.nanoTime() - began > pace.giveUp().toNanos();
                if (!mayHaveArrived || tooLong || Thread.currentThread().isInterrupted()) throw outOfReach(lost);
            }
            Pace.rest(wait);
            wait = pace.slower(wait);
        }
    }

    private Answer send(String method, Query query, Optional<JsonNode> body, Map<String, String> headers) {
        try {
            return exchange(method, query, body, headers);
        } catch (IOException lost) {
            throw outOfReach(lost);
        }
    }

    private Answer exchange(String method, Query query, Optional<JsonNode> body, Map<String, String> headers)
            throws IOException {
        var publisher = body.map(Json::compact)
                .map(HttpRequest.BodyPublishers::ofString)
                .orElseGet(HttpRequest.BodyPublishers::noBody);
        HttpRequest.Builder request = request(query).timeout(REQUEST_LIMIT).method(method, publisher);
        if (body.isPresent()) request.header("Content-Type", "application/json");
        headers.forEach(request::header);
        HttpResponse<String> response =
                interruptibly(request.header("Accept", "application/json").build(), BodyHandlers.ofString());
        return checked(response.statusCode(), response.body());
    }

    /** Opens a stream of server-sent events; the caller reads and closes it. */
    InputStream open(Query query, String lastId) throws IOException {
        HttpRequest.Builder request = request(query).header("Accept", "text/event-stream");
        if (!lastId.isEmpty()) request.header("Last-Event-ID", lastId);
        HttpResponse<InputStream> response = interruptibly(request.build(), BodyHandlers.ofInputStream());
        if (response.statusCode() == 200) return response.body();
        try (InputStream body = response.body()) {
            checked(response.statusCode(), new String(body.readAllBytes(), java.nio.charset.StandardCharsets.UTF_8));
        }
        throw new IOException("the server answered " + response.statusCode() + " in place of a stream");
    }

    private HttpRequest.Builder request(Query query) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(base + query.text()));
        // The other contracts know only this header; our own API takes either.
        token.ifPresent(value -> {
            if (query.text().startsWith("/api/")) request.header("Authorization", "Bearer " + value);
            else request.header("X-TRAINER-TOKEN", value);
        });
        return request;
    }

    private <T> HttpResponse<T> interruptibly(HttpRequest request, HttpResponse.BodyHandler<T> handler)
            throws IOException {
        try {
            return client.send(request, handler);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", interrupted);
        }
    }

    private Answer checked(int status, String body) {
        JsonNode tree;
        try {
            tree = Json.read(body);
        } catch (JacksonException _) {
            if (status >= 500) throw new OutOfReach("The server at " + base + " failed with " + status + ".");
            throw new OutOfReach("What answers at " + base + " is no Trainyard server: it says " + status
                    + " and does not speak JSON. Name the right one with --url or TRAINYARD_URL.");
        }
        Answer answer = new Answer(status, tree);
        if (status >= 500) {
            String said = Refused.of(answer).getMessage();
            throw new OutOfReach("The server at " + base + " failed with " + status + ": " + said);
        }
        if (status >= 400) throw Refused.of(answer);
        return answer;
    }

    OutOfReach outOfReach(IOException lost) {
        if (!neverConnected(lost)) {
            return new OutOfReach("The connection to " + base + " was lost: " + said(lost));
        }
        String host = String.valueOf(base.getHost());
        boolean here = host.equals("localhost") || host.startsWith("127.") || host.equals("[::1]");
        return new OutOfReach("No server answers at " + base + ". "
                + (here ? "Start one with: ./trainyard serve" : "Is --url or TRAINYARD_URL right?"));
    }

    private static String said(IOException lost) {
        String message = lost.getMessage();
        return message == null ? lost.getClass().getSimpleName() : message;
    }

    private static boolean neverConnected(IOException lost) {
        return lost instanceof ConnectException || lost instanceof HttpConnectTimeoutException;
    }

    @Override
    public void close() {
        client.shutdownNow();
    }
}
