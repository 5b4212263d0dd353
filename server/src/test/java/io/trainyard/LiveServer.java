package io.trainyard;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.Predicate;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The real server on a free port, jobs simulated unless told otherwise, and a client of it. */
public final class LiveServer implements AutoCloseable {
    public static final String TOKEN = "token-of-the-tests";
    /** Long enough for a busy machine; nothing waits this long when all is well. */
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final Trainyard server;
    private final HttpClient client = HttpClient.newHttpClient();

    private LiveServer(Path home, Map<Setting, String> settings) {
        this(home, settings, Map.of());
    }

    private LiveServer(Path home, Map<Setting, String> settings, Map<String, String> environment) {
        var all = new EnumMap<>(Map.of(
                Setting.HOME, home.toString(),
                Setting.PORT, "0",
                Setting.HOST, "127.0.0.1",
                Setting.JOB_RUNNER, "mock",
                Setting.SIMULATED_MILLIS, "1",
                Setting.LOCAL_ALLOW_COMMANDS, "true"));
        all.putAll(settings);
        this(new Configuration(all, environment));
    }

    private LiveServer(Configuration configuration) {
        server = Trainyard.start(configuration.checked());
    }

    /** With the variables of an environment and nothing else but a free port. */
    public static LiveServer withEnvironment(Path home, Map<String, String> environment) {
        return new LiveServer(new Configuration(
                Map.of(Setting.HOME, home.toString(), Setting.PORT, "0", Setting.HOST, "127.0.0.1"), environment));
    }

    public static LiveServer start(Path home) {
        return new LiveServer(home, Map.of(Setting.TOKEN, TOKEN));
    }

    /** With the root for one contract only. */
    public static LiveServer pinned(Path home, String contract) {
        return new LiveServer(home, Map.of(Setting.TOKEN, TOKEN, Setting.ROOT_CONTRACT, contract));
    }

    /** With another runner by default, in the words of {@code TRAINER_JOB_RUNNER}. */
    public static LiveServer running(Path home, String runner) {
        return new LiveServer(home, Map.of(Setting.TOKEN, TOKEN, Setting.JOB_RUNNER, runner));
    }

    public static LiveServer withoutToken(Path home) {
        return new LiveServer(home, Map.of());
    }

    /** @param settings keys and values in turn, such as {@code trainyard.webhooks.heartbeat-seconds} */
    public static LiveServer with(Path home, String... settings) {
        var all = new EnumMap<Setting, String>(Setting.class);
        all.put(Setting.TOKEN, TOKEN);
        for (int i = 0; i < settings.length; i += 2)
            for (Setting setting : Setting.values())
                if (setting.key.equals(settings[i])) all.put(setting, settings[i + 1]);
        if (all.size() != settings.length / 2 + 1)
            throw new IllegalArgumentException("unknown: " + String.join(" ", settings));
        return new LiveServer(home, all);
    }

    /** Jobs go to Vertex AI, which is set up by these variables of the environment. */
    public static LiveServer onVertex(Path home, Map<String, String> environment) {
        var settings = Map.of(Setting.TOKEN, TOKEN, Setting.JOB_RUNNER, "vertex", Setting.POLL_SECONDS, "1");
        return new LiveServer(home, settings, environment);
    }

    /** Jobs go to a Kubernetes cluster, which is set up by these variables of the environment. */
    public static LiveServer onKubernetes(Path home, Map<String, String> environment) {
        var settings = Map.of(Setting.TOKEN, TOKEN, Setting.JOB_RUNNER, "kubernetes", Setting.POLL_SECONDS, "1");
        return new LiveServer(home, settings, environment);
    }

    public record Reply(int status, String text, HttpResponse<String> whole) {
        public JsonNode json() {
            return JSON.readTree(text);
        }

        public String header(String name) {
            return whole.headers().firstValue(name).orElse("");
        }
    }

    public static final JsonMapper JSON = JsonMapper.builder().build();

    public int port() {
        return server.port();
    }

    public Reply get(String path, String... headers) {
        return send(request("GET", path, "", headers));
    }

    public Reply post(String path, String body, String... headers) {
        return send(request("POST", path, body, headers));
    }

    public Reply delete(String path) {
        return send(request("DELETE", path, ""));
    }

    public Reply create(String body) {
        return post("/api/v1/jobs", body);
    }

    /** A request with the token; an empty body is none. */
    public HttpRequest.Builder request(String method, String path, String body, String... headers) {
        var request = anonymous(method, path, body).header("Authorization", "Bearer " + TOKEN);
        if (headers.length > 0) request.headers(headers);
        return request;
    }

    public HttpRequest.Builder anonymous(String method, String path, String body) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path))
                .timeout(PATIENCE)
                .method(method, body.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(body));
    }

    public Reply send(HttpRequest.Builder request) {
        try {
            var response = client.send(request.build(), BodyHandlers.ofString(StandardCharsets.UTF_8));
            return new Reply(response.statusCode(), response.body(), response);
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The answer while it comes in. */
    public InputStream stream(String path, String... headers) {
        try {
            var request = request("GET", path, "", headers).header("Accept", "text/event-stream");
            return client.send(request.build(), BodyHandlers.ofInputStream()).body();
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Sends these bytes, however odd, and reads what comes until the server closes. */
    public String raw(String bytes) {
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            socket.setSoTimeout((int) PATIENCE.toMillis());
            socket.getOutputStream().write(bytes.getBytes(StandardCharsets.ISO_8859_1));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Creates a job and answers its id. */
    public String job(String body) {
        Reply reply = create(body);
        if (reply.status() != 201) throw new IllegalStateException(reply.text());
        return reply.json().get("id").stringValue();
    }

    public JsonNode await(String id, String state) {
        return await(id, job -> job.get("state").stringValue().equals(state));
    }

    public JsonNode await(String id, Predicate<JsonNode> wanted) {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            JsonNode job = get("/api/v1/jobs/" + id).json();
            if (wanted.test(job)) return job;
            if (System.nanoTime() > end) throw new IllegalStateException("waited in vain: " + job);
            try {
                Thread.sleep(20);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    @Override
    public void close() {
        client.shutdownNow();
        server.close();
    }
}
