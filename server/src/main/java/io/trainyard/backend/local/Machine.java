package io.trainyard.backend.local;

import com.sun.management.OperatingSystemMXBean;
import io.trainyard.backend.local.LocalSettings.Limits;
import io.trainyard.job.Capacity;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * The machine this server runs on, as its kernel tells it.
 *
 * @param bootId changes with every boot: process ids mean nothing beyond one
 * @param proc where the kernel lists processes, {@code /proc}
 */
record Machine(String hostId, String bootId, Path proc) {
    static final Duration NVIDIA_SMI_LIMIT = Duration.ofSeconds(3);

    static Machine here() {
        var proc = Path.of("/proc");
        String host = firstLine(Path.of("/etc/machine-id")).orElseGet(Machine::hostName);
        return new Machine(
                host, firstLine(proc.resolve("sys/kernel/random/boot_id")).orElse("unknown"), proc);
    }

    /** What keeps attempts from running here at all. */
    Optional<String> lack() {
        return Files.isReadable(proc.resolve("self/stat"))
                ? Optional.empty()
                : Optional.of("backend: \"local\" runs on Linux only; this machine (%s) lacks /proc and setsid,"
                                .formatted(System.getProperty("os.name"))
                        + " by which attempts are found again and stopped whole. Run the server in a Linux container,"
                        + " or place the job on another backend");
    }

    /** Time since boot, sleep included; nobody can set it. */
    Duration uptime() {
        return firstLine(proc.resolve("uptime"))
                .map(line -> seconds(line.substring(0, line.indexOf(' '))))
                .orElse(Duration.ZERO);
    }

    /** Processes killed for lack of memory since boot, on the whole machine; 0 when the kernel does not tell. */
    long outOfMemoryKills() {
        try (var lines = Files.lines(proc.resolve("vmstat"))) {
            return lines.filter(line -> line.startsWith("oom_kill "))
                    .mapToLong(line -> Long.parseLong(line.substring("oom_kill ".length())))
                    .findFirst()
                    .orElse(0);
        } catch (IOException e) {
            return 0;
        }
    }

    static Duration seconds(String decimal) {
        return Duration.ofMillis(Math.round(Double.parseDouble(decimal) * 1000));
    }

    static Capacity capacity(Limits limits) {
        return new Capacity(
                limits.gpus().orElseGet(Machine::gpus),
                limits.cpus().orElseGet(() -> Runtime.getRuntime().availableProcessors()),
                limits.memoryBytes().orElseGet(Machine::memoryBytes),
                limits.slots());
    }

    /** What this process may use: the JVM knows the limits of its control group, of either version. */
    private static long memoryBytes() {
        return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize();
    }

    private static List<Integer> gpus() {
        try {
            var query = new ProcessBuilder("nvidia-smi", "--query-gpu=index", "--format=csv,noheader")
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            // A driver in trouble may hang it for good.
            if (!query.waitFor(NVIDIA_SMI_LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
                query.destroyForcibly();
                return List.of();
            }
            String answer = new String(query.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return query.exitValue() == 0
                    ? answer.lines()
                            .map(String::strip)
                            .filter(line -> line.matches("[0-9]+"))
                            .map(Integer::valueOf)
                            .toList()
                    : List.of();
        } catch (IOException noSuchProgram) {
            return List.of();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return List.of();
        }
    }

    private static Optional<String> firstLine(Path file) {
        try (var lines = Files.lines(file)) {
            return lines.findFirst().map(String::strip).filter(line -> !line.isEmpty());
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private static String hostName() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (IOException e) {
            return "localhost";
        }
    }
}
