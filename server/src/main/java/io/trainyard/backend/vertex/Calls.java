package io.trainyard.backend.vertex;

import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import javax.net.ssl.SSLHandshakeException;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/** Calls of Google's REST services: token, limits, and one shape for whatever comes of them. */
final class Calls implements AutoCloseable {
    static final Duration CONNECT_WITHIN = Duration.ofSeconds(3);
    static final Duration ANSWER_WITHIN = Duration.ofSeconds(15);
    private static final int MAX_AT_ONCE = 16;
    private static final int UNAUTHORIZED = 401;
    private static final int MAX_SHOWN_CHARACTERS = 500;

    private final Bearer bearer;
    /** Made at the first call: a server whose jobs run elsewhere does not pay for it at its start. */
    private Optional<HttpClient> client = Optional.empty();

    private final Semaphore places = new Semaphore(MAX_AT_ONCE);

    Calls(Bearer bearer) {
        this.bearer = bearer;
    }

    Reply get(String url) {
        return send("GET", url, Optional.empty());
    }

    Reply post(String url, JsonNode body) {
        return send("POST", url, Optional.of(body));
    }

    Reply delete(String url) {
        return send("DELETE", url, Optional.empty());
    }

    private Reply send(String method, String url, Optional<JsonNode> body) {
        try {
            places.acquire();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new Reply.NotSent("interrupted");
        }
        try {
            Reply reply = once(method, url, body, false);
            boolean stale = reply instanceof Reply.Refused refused && refused.status() == UNAUTHORIZED;
            return stale ? once(method, url, body, true) : reply;
        } finally {
            places.release();
        }
    }

    private Reply once(String method, String url, Optional<JsonNode> body, boolean freshToken) {
        String token;
        try {
            token = bearer.token(freshToken);
        } catch (IOException e) {
            return new Reply.NotSent("no token: " + e.getMessage());
        }
        var request = HttpRequest.newBuilder(URI.create(url))
                .timeout(ANSWER_WITHIN)
                .header("Authorization", "Bearer " + token)
                .header("Content-Type", "application/json")
                .method(
                        method,
                        body.isEmpty()
                                ? BodyPublishers.noBody()
                                : BodyPublishers.ofByteArray(Manifest.JSON.writeValueAsBytes(body.get())))
                .build();
        try {
            return reply(client().send(request, BodyHandlers.ofByteArray()));
        } catch (ConnectException | HttpConnectTimeoutException | SSLHandshakeException e) {
            return new Reply.NotSent(String.valueOf(e.getMessage()));
        } catch (IOException e) {
            return new Reply.Unanswered(e.getClass().getSimpleName() + ": " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new Reply.Unanswered("interrupted");
        }
    }

    private synchronized HttpClient client() {
        if (client.isEmpty())
            client = Optional.of(
                    HttpClient.newBuilder().connectTimeout(CONNECT_WITHIN).build());
        return client.get();
    }

    private static Reply reply(HttpResponse<byte[]> response) {
        String text = new String(response.body(), StandardCharsets.UTF_8);
        boolean fine = response.statusCode() / 100 == 2;
        try {
            JsonNode body = text.isBlank() ? Manifest.JSON.createObjectNode() : Manifest.JSON.readTree(text);
            return fine ? new Reply.Ok(body) : refused(response.statusCode(), body.path("error"));
        } catch (JacksonException notJson) {
            String shown = text.substring(0, Math.min(MAX_SHOWN_CHARACTERS, text.length()));
            return fine
                    ? new Reply.Unanswered("not JSON: " + shown)
                    : new Reply.Refused(response.statusCode(), "", shown);
        }
    }

    private static Reply refused(int status, JsonNode error) {
        var message = new StringBuilder(error.path("message").asString("no message"));
        for (JsonNode detail : error.path("details")) {
            String reason = detail.path("reason").asString("");
            if (!reason.isEmpty()) message.append(" (").append(reason).append(')');
        }
        return new Reply.Refused(status, error.path("status").asString(""), message.toString());
    }

    @Override
    public synchronized void close() {
        client.ifPresent(HttpClient::shutdownNow);
    }
}
