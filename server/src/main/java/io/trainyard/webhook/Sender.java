package io.trainyard.webhook;

import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLException;
import org.eclipse.jetty.client.BytesRequestContent;
import org.eclipse.jetty.client.HttpClient;
import org.eclipse.jetty.client.Request;
import org.eclipse.jetty.client.Response;
import org.eclipse.jetty.client.Result;
import org.eclipse.jetty.client.transport.HttpClientTransportOverHTTP;
import org.eclipse.jetty.http.HttpCookieStore;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpMethod;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.jspecify.annotations.Nullable;

/** Posts, and waits for the answer. Follows nothing, keeps no cookie, unpacks nothing, reads no more than it must. */
public final class Sender implements AutoCloseable {
    static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(3);
    static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(15);
    /** Below the five seconds after which common servers close an idle connection, so that none is closed under us. */
    static final Duration IDLE_TIMEOUT = Duration.ofSeconds(4);

    static final int MAX_ANSWER_BYTES = 64 * 1024;
    static final int MAX_SHOWN_BYTES = 300;
    private static final Duration FORGET_HOST_AFTER = Duration.ofSeconds(60);
    private static final int MAX_THREADS = 8;

    private final HttpClient client = new HttpClient(new HttpClientTransportOverHTTP(1));
    private final Lookup lookup;
    private final Duration answerTimeout;
    private volatile boolean closed;

    /** @param agent what it calls itself */
    public Sender(AddressPolicy policy, Names names, String agent) {
        this(policy, names, agent, ANSWER_TIMEOUT);
    }

    Sender(AddressPolicy policy, Names names, String agent, Duration answerTimeout) {
        this.lookup = new Lookup(policy, names);
        this.answerTimeout = answerTimeout;
        var threads = new QueuedThreadPool(MAX_THREADS, 1);
        threads.setName("webhook");
        threads.setDaemon(true);
        client.setExecutor(threads);
        client.setSocketAddressResolver(lookup);
        client.setConnectTimeout(CONNECT_TIMEOUT.toMillis());
        client.setIdleTimeout(answerTimeout.plusSeconds(1).toMillis());
        client.setDestinationIdleTimeout(FORGET_HOST_AFTER.toMillis());
        client.setMaxConnectionsPerDestination(Lanes.IN_FLIGHT_PER_HOST);
        client.setFollowRedirects(false);
        client.setHttpCookieStore(new HttpCookieStore.Empty());
        client.setUserAgentField(new HttpField(HttpHeader.USER_AGENT, agent));
        try {
            client.start();
        } catch (Exception e) {
            throw new IllegalStateException("the client of the webhooks does not start", e);
        }
        client.getContentDecoderFactories().clear();
    }

    /** @param slot told how to give up at once */
    Reply send(Target target, Map<String, String> headers, byte[] body, Lanes.Slot slot) {
        Request request = client.newRequest(URI.create(target.url()))
                .method(HttpMethod.POST)
                .timeout(answerTimeout.toMillis(), TimeUnit.MILLISECONDS)
                .body(new BytesRequestContent("application/json", body))
                .headers(fields -> headers.forEach(fields::put));
        var listener = new Listener(answerTimeout);
        slot.onGivingWay(() -> {
            var _ = request.abort(new Yielded());
        });
        request.send(listener);
        Reply reply = listener.await(answerTimeout.plusSeconds(5));
        // What this server broke off itself says nothing about the receiver.
        if (closed) throw new IllegalStateException("the webhooks are closed");
        return reply;
    }

    /** Somebody else needed the slot. */
    private static final class Yielded extends Exception {
        private static final long serialVersionUID = 1;

        Yielded() {
            super("", null, false, false);
        }
    }

    /** Enough was read. */
    private static final class Enough extends Exception {
        private static final long serialVersionUID = 1;

        Enough() {
            super("", null, false, false);
        }
    }

    private static final class Listener implements Response.Listener {
        private final CompletableFuture<Reply> reply = new CompletableFuture<>();
        private final byte[] shown = new byte[MAX_SHOWN_BYTES];
        private int read;
        private Optional<String> retryAfter = Optional.empty();
        private int status;
        private final Duration limit;

        Listener(Duration limit) {
            this.limit = limit;
        }

        @Override
        public void onHeaders(Response response) {
            status = response.getStatus();
            retryAfter = Optional.ofNullable(response.getHeaders().get(HttpHeader.RETRY_AFTER));
        }

        @Override
        public void onContent(Response response, ByteBuffer content) {
            int length = content.remaining();
            if (read < shown.length) content.get(shown, read, Math.min(length, shown.length - read));
            read += length;
            if (read > MAX_ANSWER_BYTES) {
                var _ = response.abort(new Enough());
            }
        }

        /** A body that never ends takes nothing back from the status that came before it. */
        @Override
        public void onComplete(Result result) {
            if (status > 0) reply.complete(new Reply.Answered(status, retryAfter, beginning()));
            else reply.complete(failed(result.getFailure(), limit));
        }

        private String beginning() {
            String text = new String(shown, 0, Math.min(read, shown.length), StandardCharsets.UTF_8);
            return text.replaceAll("[\\p{Cntrl}\\uFFFD]+", " ").strip();
        }

        Reply await(Duration most) {
            try {
                return reply.get(most.toMillis(), TimeUnit.MILLISECONDS);
            } catch (TimeoutException never) {
                return new Reply.Unanswered(late(limit));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return new Reply.Unanswered("this server stopped");
            } catch (ExecutionException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    private static String late(Duration limit) {
        return "no answer within " + limit.toSeconds() + " s";
    }

    private static Reply failed(@Nullable Throwable failure, Duration limit) {
        for (Throwable each = failure; each != null; each = each.getCause())
            if (each instanceof Lookup.ForbiddenAddress forbidden)
                return new Reply.Forbidden(String.valueOf(forbidden.getMessage()));
        String said = failure == null ? "" : String.valueOf(failure.getMessage());
        return new Reply.Unanswered(
                switch (failure) {
                    case Yielded _ -> "no answer within " + Lanes.PATIENCE.toMillis() + " ms while others waited";
                    case UnknownHostException _ -> "the name is not known: " + said;
                    case SocketTimeoutException _ -> "no connection within " + CONNECT_TIMEOUT.toSeconds() + " s";
                    case ConnectException _ -> "the connection was refused";
                    case TimeoutException _ -> late(limit);
                    case SSLException _ -> "no encrypted connection: " + said;
                    case null, default -> "the connection broke: " + said;
                });
    }

    @Override
    public void close() {
        closed = true;
        try {
            client.stop();
        } catch (Exception e) {
            throw new IllegalStateException("the client of the webhooks does not stop", e);
        } finally {
            lookup.close();
        }
    }
}
