package io.trainyard.webhook;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.trainyard.LiveServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Function;
import java.util.function.Predicate;
import tools.jackson.databind.JsonNode;

/** A real receiver on a free port that remembers what it was told and answers as it is told. */
public final class Receiver implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final List<Told> told = new CopyOnWriteArrayList<>();
    private final Function<Told, Answer> answers;

    /** @param headers names in lower case */
    public record Told(String method, String path, Map<String, String> headers, byte[] body, long nanos) {
        public JsonNode json() {
            return LiveServer.JSON.readTree(body);
        }

        public String header(String name) {
            return headers.getOrDefault(name, "");
        }

        public String status() {
            return json().path("status").stringValue("");
        }
    }

    public record Answer(int status, String text, Map<String, String> headers) {
        public static final Answer OK = of(200);

        public static Answer of(int status) {
            return new Answer(status, "", Map.of());
        }
    }

    private Receiver(Function<Told, Answer> answers) {
        this.answers = answers;
        try {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1000);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.setExecutor(threads);
        server.createContext("/", this::handle);
        server.start();
    }

    public static Receiver answering(Function<Told, Answer> answers) {
        return new Receiver(answers);
    }

    public static Receiver content() {
        return new Receiver(_ -> Answer.OK);
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            var headers = new HashMap<String, String>();
            exchange.getRequestHeaders()
                    .forEach((name, values) ->
                            headers.put(name.toLowerCase(java.util.Locale.ROOT), String.join(",", values)));
            var one = new Told(
                    exchange.getRequestMethod(),
                    exchange.getRequestURI().toString(),
                    headers,
                    exchange.getRequestBody().readAllBytes(),
                    System.nanoTime());
            told.add(one);
            Answer answer = answers.apply(one);
            answer.headers().forEach(exchange.getResponseHeaders()::set);
            byte[] text = answer.text().getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(answer.status(), text.length == 0 ? -1 : text.length);
            if (text.length > 0) exchange.getResponseBody().write(text);
        }
    }

    public int port() {
        return server.getAddress().getPort();
    }

    public String url(String path) {
        return "http://127.0.0.1:" + port() + path;
    }

    public List<Told> told() {
        return List.copyOf(told);
    }

    public List<String> statuses() {
        return told.stream().map(Told::status).toList();
    }

    /** Waits until what was told is as wanted. */
    public List<Told> await(Predicate<List<Told>> wanted) {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            List<Told> now = told();
            if (wanted.test(now)) return now;
            if (System.nanoTime() > end)
                throw new IllegalStateException("waited in vain: "
                        + now.stream()
                                .map(each -> new String(each.body(), StandardCharsets.UTF_8))
                                .toList());
            pause(10);
        }
    }

    public static void pause(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
