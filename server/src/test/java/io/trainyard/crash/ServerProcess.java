package io.trainyard.crash;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The real server as a process of its own, with its data in {@code home}. */
final class ServerProcess {
    static final String PLAIN = "io.trainyard.Main";
    static final String DEADLY = "io.trainyard.CrashServer";
    private static final Duration READY_WITHIN = Duration.ofMinutes(1);
    private static final Pattern LISTENS = Pattern.compile("listens on (http://127\\.0\\.0\\.1:\\d+)");

    private final Process process;
    private final CompletableFuture<URI> address = new CompletableFuture<>();
    private final Thread listener;

    /**
     * @param wrapper put before the command, such as a tracer; the server is then its child
     * @param command main class and arguments
     */
    static ServerProcess start(Path home, Map<String, String> settings, List<String> wrapper, String... command) {
        try {
            return new ServerProcess(home, settings, wrapper, List.of(command));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private ServerProcess(Path home, Map<String, String> settings, List<String> wrapper, List<String> command)
            throws IOException {
        Path temporary = Files.createDirectories(home.resolveSibling("tmp"));
        var words = new ArrayList<>(wrapper);
        words.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-XX:-UsePerfData",
                "-Xmx256m",
                // A killed server leaves SQLite's unpacked library behind.
                "-Djava.io.tmpdir=" + temporary,
                "-cp",
                System.getProperty("java.class.path")));
        words.addAll(command);
        var builder = new ProcessBuilder(words).redirectErrorStream(true);
        builder.environment().keySet().removeIf(name -> name.startsWith("TRAIN"));
        builder.environment().putAll(settings);
        builder.environment().put("TRAINYARD_HOME", home.toString());
        builder.environment().put("TRAINYARD_HOST", "127.0.0.1");
        builder.environment().put("PORT", "0");
        process = builder.start();
        listener = Thread.ofVirtual().start(() -> listen(home.resolveSibling("server.log")));
    }

    private void listen(Path log) {
        try (var lines = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
                var kept = Files.newBufferedWriter(log, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                kept.write(line + "\n");
                kept.flush();
                var listens = LISTENS.matcher(line);
                if (listens.find()) address.complete(URI.create(listens.group(1)));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            address.completeExceptionally(new IOException("the server has ended; see " + log));
        }
    }

    /** Where it answers; waits until it does. */
    URI ready() throws Exception {
        return address.get(READY_WITHIN.toSeconds(), TimeUnit.SECONDS);
    }

    /** Told when it answers, and never if it dies before. */
    CompletableFuture<URI> whenReady() {
        return address;
    }

    boolean endsWithin(Duration limit) throws InterruptedException {
        return process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS);
    }

    /**
     * SIGKILL, to the server itself where it was started by a wrapper. Returns when it is gone and nothing more is heard
     * of it.
     */
    void kill(boolean wrapped) throws InterruptedException, ExecutionException, TimeoutException {
        var handles = wrapped ? process.children().collect(Collectors.toList()) : List.of(process.toHandle());
        handles.forEach(ProcessHandle::destroyForcibly);
        process.onExit().get(30, TimeUnit.SECONDS);
        // What it said last may still be on its way.
        listener.join();
    }

    int status() {
        return process.exitValue();
    }
}
