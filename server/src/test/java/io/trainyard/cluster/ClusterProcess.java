package io.trainyard.cluster;

import io.fabric8.kubernetes.client.Config;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** One running cluster. Its standard input is ours, so that it ends with us, however we end. */
public final class ClusterProcess implements AutoCloseable {
    /** It takes 5 to 8 seconds on a quiet machine; this is for a busy one. */
    private static final Duration PATIENCE = Duration.ofMinutes(3);

    private final Path binary;
    private final Path folder;
    private final AtomicInteger classes = new AtomicInteger();
    private Process process;

    private ClusterProcess(Path binary, Path folder, Process process) {
        this.binary = binary;
        this.folder = folder;
        this.process = process;
    }

    static ClusterProcess start(Path binary, String... flags) {
        try {
            Path folder = Files.createTempDirectory("trainyard-cluster-");
            return new ClusterProcess(binary, folder, run(binary, folder, flags));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** One of its own for a test that needs it, for its cost of some seconds and 750 MB. */
    public static ClusterProcess without(String operator) {
        String others = Stream.of("jobset", "trainer", "training-operator", "kueue")
                .filter(each -> !each.equals(operator))
                .collect(Collectors.joining(","));
        return start(Path.of(System.getProperty("trainyard.cluster")), "--operators", others);
    }

    /** One of its own with many machines. */
    public static ClusterProcess withNodes(int nodes) {
        return start(Path.of(System.getProperty("trainyard.cluster")), "--nodes", Integer.toString(nodes));
    }

    private static Process run(Path binary, Path folder, String... flags) throws IOException {
        var command = new ArrayList<>(List.of(
                binary.toString(),
                "run",
                "--stop-with-input",
                "--dir",
                folder.resolve("data").toString()));
        command.addAll(Arrays.asList(flags));
        Path output = folder.resolve("output");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(output.toFile()))
                .start();
        Instant end = Instant.now().plus(PATIENCE);
        while (!Files.exists(folder.resolve("data/ready"))) {
            if (!process.isAlive() || Instant.now().isAfter(end)) {
                process.destroyForcibly();
                throw new IllegalStateException("the test cluster did not start:\n" + Files.readString(output));
            }
            pause(Duration.ofMillis(50));
        }
        return process;
    }

    /** Stops everything and starts it again on what it held, at the same address. Pods on the host node are lost. */
    public void restart() {
        try {
            stop();
            process = run(binary, folder, "--keep");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** @param verb stop (takes leave), kill (does not) or start; returns when it is done */
    void api(String verb) {
        try {
            Process asking = new ProcessBuilder(
                            binary.toString(),
                            "api",
                            verb,
                            "--dir",
                            folder.resolve("data").toString())
                    .redirectErrorStream(true)
                    .start();
            String said = new String(asking.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
            if (asking.waitFor() != 0) throw new IllegalStateException("api " + verb + ": " + said);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while waiting for api " + verb, e);
        }
    }

    public Cluster forClass(Class<?> tests) {
        String name =
                tests.getSimpleName().replaceAll("([a-z])([A-Z])", "$1-$2").toLowerCase(Locale.ROOT);
        return new Cluster(this, name.substring(0, Math.min(name.length(), 50)) + "-" + classes.incrementAndGet());
    }

    Config administrator() {
        try {
            return Config.fromKubeconfig(Files.readString(kubeconfig()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Path kubeconfig() {
        return folder.resolve("data/kubeconfig");
    }

    Path folder() {
        return folder;
    }

    private void stop() throws IOException {
        process.getOutputStream().close();
        try {
            if (!process.waitFor(30, TimeUnit.SECONDS)) process.destroyForcibly();
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() throws IOException {
        stop();
        try (var files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) Files.deleteIfExists(file);
        }
    }

    static void pause(Duration length) {
        try {
            Thread.sleep(length);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }
}
