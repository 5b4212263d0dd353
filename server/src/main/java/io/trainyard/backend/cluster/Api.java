package io.trainyard.backend.cluster;

import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.HttpResponse;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.UnknownHostException;
import java.net.http.HttpConnectTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLHandshakeException;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Calls of one cluster's API server. Paths begin with a slash; bodies are JSON. */
public final class Api implements AutoCloseable {
    public static final JsonMapper JSON = JsonMapper.builder().build();
    static final long ANSWER_SECONDS = 20;
    private static final int MAX_AT_ONCE = 64;
    private static final int MAX_SHOWN_CHARACTERS = 500;
    private static final String JSON_TYPE = "application/json";
    private static final String MERGE_TYPE = "application/merge-patch+json";
    private static final String APPLY_TYPE = "application/apply-patch+yaml";

    private final ClusterSettings settings;
    /** Made at the first call; a kubeconfig that cannot be used yet is read again at the next one. */
    private @Nullable Access access;

    private final Nodes nodes = new Nodes(InstantSource.system());
    private final Semaphore places = new Semaphore(MAX_AT_ONCE);

    public Api(ClusterSettings settings) {
        this.settings = settings;
    }

    ClusterSettings settings() {
        return settings;
    }

    Nodes nodes() {
        return nodes;
    }

    /** The name of the cluster; empty while no kubeconfig can be read. */
    public Optional<String> cluster() {
        try {
            return Optional.of(access().cluster());
        } catch (IOException unknown) {
            return Optional.empty();
        }
    }

    private synchronized Access access() throws IOException {
        if (access == null) access = Access.of(settings);
        return access;
    }

    public Reply get(String path) {
        return send("GET", path, "", Optional.empty());
    }

    public Reply post(String path, JsonNode body) {
        return send("POST", path, JSON_TYPE, Optional.of(body));
    }

    /** @param patch an RFC 7396 merge patch */
    public Reply patch(String path, JsonNode patch) {
        return send("PATCH", path, MERGE_TYPE, Optional.of(patch));
    }

    /**
     * Server-side apply: what is there becomes as the object says, and what the object does not speak of stays.
     *
     * @param force where somebody else has set a field to something else
     */
    public Reply apply(String path, JsonNode object, boolean dryRun, boolean force) {
        String query = "?fieldManager=trainyard&fieldValidation=Strict&force=" + force + (dryRun ? "&dryRun=All" : "");
        return send("PATCH", path + query, APPLY_TYPE, Optional.of(object));
    }

    /** With the object goes what it owns; a later object of the same name stays. */
    public Reply delete(String path, String uid) {
        ObjectNode options = JSON.createObjectNode().put("apiVersion", "v1").put("kind", "DeleteOptions");
        options.put("propagationPolicy", "Background");
        options.putObject("preconditions").put("uid", uid);
        return send("DELETE", path, JSON_TYPE, Optional.of(options));
    }

    /** Whichever has the name. */
    public Reply delete(String path) {
        return send("DELETE", path, JSON_TYPE, Optional.of(JSON.createObjectNode()));
    }

    private Reply send(String method, String path, String type, Optional<JsonNode> body) {
        CompletableFuture<HttpResponse<byte[]>> answer;
        try {
            places.acquire();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new Reply.NotSent("interrupted");
        }
        try {
            Access to = access();
            HttpRequest.Builder request = to.http().newHttpRequestBuilder().uri(URI.create(to.address() + path));
            if (body.isPresent()) request.method(method, type, JSON.writeValueAsString(body.get()));
            answer = to.http().sendAsync(request.build(), byte[].class);
            return reply(answer.get(ANSWER_SECONDS, TimeUnit.SECONDS));
        } catch (ExecutionException failed) {
            return failed(failed.getCause());
        } catch (TimeoutException late) {
            return new Reply.Unanswered("no answer within " + ANSWER_SECONDS + " s");
        } catch (IOException noAccess) {
            return new Reply.NotSent(String.valueOf(noAccess.getMessage()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new Reply.Unanswered("interrupted");
        } finally {
            places.release();
        }
    }

    /** Asks for what goes on until either side closes it. */
    public Reply.Opened open(String path) {
        try {
            Access to = access();
            HttpRequest request = to.http()
                    .newHttpRequestBuilder()
                    .uri(URI.create(to.address() + path))
                    .forStreaming()
                    .build();
            HttpResponse<InputStream> answer =
                    to.http().sendAsync(request, InputStream.class).get(ANSWER_SECONDS, TimeUnit.SECONDS);
            if (answer.isSuccessful()) return new Reply.Opened.Stream(answer.body());
            try (InputStream body = answer.body()) {
                return new Reply.Opened.Failed(reply(answer.code(), body.readAllBytes()));
            }
        } catch (ExecutionException failed) {
            return new Reply.Opened.Failed(failed(failed.getCause()));
        } catch (TimeoutException late) {
            return new Reply.Opened.Failed(new Reply.Unanswered("no answer within " + ANSWER_SECONDS + " s"));
        } catch (IOException e) {
            return new Reply.Opened.Failed(new Reply.NotSent(String.valueOf(e.getMessage())));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new Reply.Opened.Failed(new Reply.Unanswered("interrupted"));
        }
    }

    /** Only what cannot have left this machine counts as not sent. */
    private static Reply failed(@Nullable Throwable cause) {
        Throwable last = cause;
        for (Throwable each = cause; each != null; each = each.getCause()) {
            last = each;
            boolean notSent = each instanceof ConnectException
                    || each instanceof HttpConnectTimeoutException
                    || each instanceof UnknownHostException
                    || each instanceof UnresolvedAddressException
                    || each instanceof SSLHandshakeException;
            if (notSent) return new Reply.NotSent(each.getClass().getSimpleName() + said(each));
        }
        return new Reply.Unanswered(last == null ? "no reason" : last.getClass().getSimpleName() + said(last));
    }

    private static String said(Throwable trouble) {
        return trouble.getMessage() == null ? "" : ": " + trouble.getMessage();
    }

    private static Reply reply(HttpResponse<byte[]> answer) {
        return reply(answer.code(), answer.body() == null ? new byte[0] : answer.body());
    }

    private static Reply reply(int status, byte[] body) {
        boolean fine = status / 100 == 2;
        try {
            JsonNode json = body.length == 0 ? JSON.createObjectNode() : JSON.readTree(body);
            if (fine) return new Reply.Ok(json);
            String message = json.path("message").asString("no message");
            return new Reply.Refused(status, json.path("reason").asString(""), message);
        } catch (JacksonException notJson) {
            String text = new String(body, StandardCharsets.UTF_8).strip();
            String shown = text.substring(0, Math.min(MAX_SHOWN_CHARACTERS, text.length()));
            return fine ? new Reply.Unanswered("not JSON: " + shown) : new Reply.Refused(status, "", shown);
        }
    }

    @Override
    public synchronized void close() {
        if (access != null) access.http().close();
    }
}
