package io.trainyard.cli;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.function.Supplier;

/**
 * A real HTTP server that answers as it is told. Several answers to one route are given in turn, the last one for
 * ever. Routes are "METHOD /path" without the query; a stream has the route "STREAM /path".
 */
final class FakeServer implements AutoCloseable {
    private final HttpServer server;
    private final Map<String, Deque<Reply>> replies = new ConcurrentHashMap<>();
    private final List<Request> requests = new ArrayList<>();

    record Request(String method, String path, String query, Map<String, List<String>> headers, String body) {
        String header(String name) {
            return headers.getOrDefault(name, List.of("")).getFirst();
        }
    }

    private sealed interface Reply {
        record Text(int status, String type, String body, boolean open) implements Reply {}

        record Made(Supplier<String> body) implements Reply {}

        record Drop() implements Reply {}
    }

    FakeServer() {
        try {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException trouble) {
            throw new IllegalStateException("no free port", trouble);
        }
        server.createContext("/", this::handle);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.start();
    }

    String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    FakeServer answer(String route, int status, String body) {
        return add(route, new Reply.Text(status, "application/json", body, false));
    }

    FakeServer answer(String route, String body) {
        return answer(route, 200, body);
    }

    /** The body is made when it is asked for. */
    FakeServer answer(String route, Supplier<String> body) {
        return add(route, new Reply.Made(body));
    }

    FakeServer answerAs(String route, int status, String type, String body) {
        return add(route, new Reply.Text(status, type, body, false));
    }

    FakeServer problem(String route, int status, String detail, String errors) {
        String body = "{\"title\":\"Trouble\",\"status\":%d,\"detail\":\"%s\",\"errors\":%s}"
                .formatted(status, detail, errors);
        return add(route, new Reply.Text(status, "application/problem+json", body, false));
    }

    /** Sends this much of a stream and ends the connection. */
    FakeServer stream(String path, String text) {
        return add("STREAM " + path, new Reply.Text(200, "text/event-stream", text, false));
    }

    /** Sends this much of a stream and stays silent until the server is closed. */
    FakeServer openStream(String path, String text) {
        return add("STREAM " + path, new Reply.Text(200, "text/event-stream", text, true));
    }

    /** Takes the request and hangs up. */
    FakeServer drop(String route) {
        return add(route, new Reply.Drop());
    }

    private FakeServer add(String route, Reply reply) {
        replies.computeIfAbsent(route, _ -> new ArrayDeque<>()).add(reply);
        return this;
    }

    List<Request> requests(String route) {
        synchronized (requests) {
            return requests.stream()
                    .filter(request -> (request.method + " " + request.path).equals(route))
                    .toList();
        }
    }

    private void handle(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        boolean stream = "text/event-stream".equals(exchange.getRequestHeaders().getFirst("Accept"));
        String method = stream ? "STREAM" : exchange.getRequestMethod();
        String query = exchange.getRequestURI().getQuery();
        String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
        synchronized (requests) {
            requests.add(new Request(
                    method, path, query == null ? "" : query, Map.copyOf(exchange.getRequestHeaders()), body));
        }
        switch (next(method + " " + path)) {
            case Reply.Drop _ -> exchange.close();
            case Reply.Made made ->
                send(
                        exchange,
                        new Reply.Text(200, "application/json", made.body().get(), false));
            case Reply.Text text -> send(exchange, text);
        }
    }

    private static void send(HttpExchange exchange, Reply.Text text) throws IOException {
        byte[] bytes = text.body().getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", text.type());
        boolean streamed = text.type().equals("text/event-stream");
        exchange.sendResponseHeaders(text.status(), streamed ? 0 : bytes.length == 0 ? -1 : bytes.length);
        if (bytes.length > 0) exchange.getResponseBody().write(bytes);
        exchange.getResponseBody().flush();
        if (!text.open()) exchange.close();
    }

    private Reply next(String route) {
        Deque<Reply> waiting = replies.get(route);
        if (waiting == null) {
            String body = "{\"title\":\"Not Found\",\"status\":404,\"detail\":\"there is no %s\"}".formatted(route);
            return new Reply.Text(404, "application/problem+json", body, false);
        }
        synchronized (waiting) {
            return waiting.size() > 1 ? waiting.removeFirst() : waiting.getFirst();
        }
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
