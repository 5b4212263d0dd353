package io.trainyard.cluster;

import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.internal.SSLUtils;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import tools.jackson.databind.json.JsonMapper;

/**
 * Stands between a client and the API server and does to its calls what networks and busy servers do. One call a
 * connection, so that a connection that is cut is one call that is lost. Long because HTTP is read and written by hand
 * here: a library would mend what is to be broken.
 */
public final class FaultProxy implements AutoCloseable {
    private static final Set<String> OF_THE_CONNECTION =
            Set.of("host", "connection", "content-length", "transfer-encoding", "upgrade", "http2-settings", "expect");

    private static final List<String> CREATED = List.of("jobs", "pytorchjobs", "trainjobs");
    private static final JsonMapper JSON = new JsonMapper();

    private final Path kubeconfig;
    private final String server;
    private final HttpClient client;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private final Map<String, Integer> created = new ConcurrentHashMap<>();
    private final AtomicInteger calls = new AtomicInteger();
    private volatile Function<Call, Fault> script = _ -> new Fault.None();
    private volatile ServerSocket door;

    /** @param number from 1, over all calls */
    public record Call(String method, String path, int number) {
        public boolean watches() {
            return path.contains("watch=1");
        }

        public boolean creates(String plural) {
            return method.equals("POST") && path.contains("/" + plural + "?") && !path.contains("dryRun");
        }

        public boolean lists(String plural) {
            return method.equals("GET") && path.contains("/" + plural + "?") && !watches();
        }
    }

    /** What becomes of a call. */
    public sealed interface Fault {
        record None() implements Fault {}

        /** Answered by us; the server never hears of it. */
        record Answer(int status, String reason) implements Fault {}

        /** The server does it, and nobody hears what came of it. */
        record LoseAnswer() implements Fault {}

        record Cut(Duration after) implements Fault {}

        record Delay(Duration length) implements Fault {}

        /** A watch that begins well and then says that its past is forgotten. */
        record Forget() implements Fault {}
    }

    /** @param kubeconfig of the client; it is to use {@link #kubeconfig} from now on */
    public FaultProxy(Path kubeconfig) {
        try {
            String text = Files.readString(kubeconfig);
            Config config = Config.fromKubeconfig(text);
            server = config.getMasterUrl().replaceAll("/+$", "");
            client = HttpClient.newBuilder()
                    .sslContext(SSLUtils.sslContext(config))
                    .version(HttpClient.Version.HTTP_1_1)
                    .build();
            door = listen(0);
            String ours = text.replaceAll(
                    "server: *\"?https://[^\\s,}\"]+\"?", "server: \"http://127.0.0.1:" + port() + "\"");
            this.kubeconfig = Files.writeString(kubeconfig.resolveSibling(kubeconfig.getFileName() + ".faulty"), ours);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    public Path kubeconfig() {
        return kubeconfig;
    }

    private int port() {
        return door.getLocalPort();
    }

    public void script(Function<Call, Fault> next) {
        script = next;
    }

    /** How often the server has created an object, by its path and name. */
    public Map<String, Integer> created() {
        return Map.copyOf(created);
    }

    /** Nobody is there any more: what is under way is cut, and every connection refused. */
    public void refuse() {
        try {
            door.close();
            cut();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** At the same address as before. */
    public void accept() {
        try {
            door = listen(port());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void cut() throws IOException {
        for (Socket socket : open) socket.close();
    }

    private ServerSocket listen(int port) throws IOException {
        var listening = new ServerSocket();
        listening.setReuseAddress(true);
        listening.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1000);
        Thread.ofVirtual().name("fault-proxy").start(() -> {
            while (!listening.isClosed()) {
                try {
                    Socket socket = listening.accept();
                    open.add(socket);
                    Thread.ofVirtual().start(() -> serve(socket));
                } catch (IOException closed) {
                    return;
                }
            }
        });
        return listening;
    }

    private void serve(Socket socket) {
        try (socket) {
            var in = new BufferedInputStream(socket.getInputStream());
            String[] lines = head(in).split("\r\n", -1);
            String[] first = lines[0].split(" ", -1);
            if (first.length < 3) return;
            var headers = new TreeMap<String, String>(String.CASE_INSENSITIVE_ORDER);
            for (int i = 1; i < lines.length && !lines[i].isEmpty(); i++) {
                int colon = lines[i].indexOf(':');
                headers.put(
                        lines[i].substring(0, colon),
                        lines[i].substring(colon + 1).strip());
            }
            byte[] body = in.readNBytes(Integer.parseInt(headers.getOrDefault("content-length", "0")));
            var call = new Call(first[0], first[1], calls.incrementAndGet());
            answer(call, headers, body, socket);
        } catch (IOException cut) {
            // What it is for.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            open.remove(socket);
        }
    }

    private static String head(InputStream in) throws IOException {
        var head = new ByteArrayOutputStream();
        int next;
        while ((next = in.read()) >= 0) {
            head.write(next);
            if (next == '\n' && head.toString(StandardCharsets.ISO_8859_1).endsWith("\r\n\r\n")) break;
        }
        return head.toString(StandardCharsets.ISO_8859_1);
    }

    private void answer(Call call, Map<String, String> headers, byte[] body, Socket socket)
            throws IOException, InterruptedException {
        OutputStream out = socket.getOutputStream();
        switch (script.apply(call)) {
            case Fault.None _ -> pass(call, headers, body, out);
            case Fault.Answer(int status, String reason) -> refuse(status, reason, out);
            case Fault.LoseAnswer _ -> {
                ask(call, headers, body).body().readAllBytes();
            }
            case Fault.Cut(Duration after) -> {
                Thread.ofVirtual().start(() -> closeAfter(after, socket));
                pass(call, headers, body, out);
            }
            case Fault.Delay(Duration length) -> {
                Thread.sleep(length);
                pass(call, headers, body, out);
            }
            case Fault.Forget _ -> {
                begin(200, "application/json", out);
                chunk(
                        "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410,\"reason\":\"Expired\"}}\n"
                                .getBytes(StandardCharsets.UTF_8),
                        out);
                end(out);
            }
        }
    }

    private static void closeAfter(Duration length, Socket socket) {
        try (socket) {
            Thread.sleep(length);
        } catch (IOException | InterruptedException gone) {
            Thread.currentThread().interrupt();
        }
    }

    private void refuse(int status, String reason, OutputStream out) throws IOException {
        byte[] body =
                "{\"kind\":\"Status\",\"status\":\"Failure\",\"code\":%d,\"reason\":\"%s\",\"message\":\"by the proxy\"}"
                        .formatted(status, reason)
                        .getBytes(StandardCharsets.UTF_8);
        out.write(
                "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nRetry-After: 1\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
                        .formatted(status, reason, body.length)
                        .getBytes(StandardCharsets.ISO_8859_1));
        out.write(body);
        out.flush();
    }

    private HttpResponse<InputStream> ask(Call call, Map<String, String> headers, byte[] body)
            throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(server + call.path()))
                .method(call.method(), body.length == 0 ? BodyPublishers.noBody() : BodyPublishers.ofByteArray(body));
        headers.forEach((name, value) -> {
            if (!OF_THE_CONNECTION.contains(name.toLowerCase(Locale.ROOT))) request.header(name, value);
        });
        HttpResponse<InputStream> answer = client.send(request.build(), BodyHandlers.ofInputStream());
        if (CREATED.stream().anyMatch(call::creates) && answer.statusCode() == 201)
            created.merge(name(body), 1, Integer::sum);
        return answer;
    }

    private static String name(byte[] body) {
        return JSON.readTree(body).at("/metadata/name").asString("");
    }

    private void pass(Call call, Map<String, String> headers, byte[] body, OutputStream out)
            throws IOException, InterruptedException {
        HttpResponse<InputStream> answer = ask(call, headers, body);
        try (InputStream from = answer.body()) {
            begin(
                    answer.statusCode(),
                    answer.headers().firstValue("content-type").orElse("application/json"),
                    out);
            byte[] buffer = new byte[1 << 14];
            int count;
            while ((count = from.read(buffer)) >= 0) {
                if (count > 0) chunk(Arrays.copyOf(buffer, count), out);
            }
            end(out);
        }
    }

    private static void begin(int status, String type, OutputStream out) throws IOException {
        out.write("HTTP/1.1 %d X\r\nContent-Type: %s\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
                .formatted(status, type)
                .getBytes(StandardCharsets.ISO_8859_1));
        out.flush();
    }

    private static void chunk(byte[] bytes, OutputStream out) throws IOException {
        out.write((Integer.toHexString(bytes.length) + "\r\n").getBytes(StandardCharsets.ISO_8859_1));
        out.write(bytes);
        out.write("\r\n".getBytes(StandardCharsets.ISO_8859_1));
        out.flush();
    }

    private static void end(OutputStream out) throws IOException {
        out.write("0\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1));
        out.flush();
    }

    @Override
    public void close() {
        refuse();
        client.shutdownNow();
    }
}
