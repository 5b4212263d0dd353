package io.trainyard.backend.local;

import io.trainyard.spec.Container;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Measures launch() to the program's first output, and to launch()'s return. Run by hand: {@code main [rounds]}. */
final class LocalLatency {
    private static final int WARM_UP = 30;

    private LocalLatency() {}

    public static void main(String[] arguments) throws Exception {
        int rounds = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 300;
        var world = new LocalWorld(Files.createTempDirectory("latency"));
        var clock = List.of("/bin/date", "+%s%N");
        Map<String, List<String>> variants = new LinkedHashMap<>();
        variants.put("sweep", clock);
        variants.put("sweep, sh -c", List.of("/bin/sh", "-c", "date +%s%N"));
        variants.put("PID namespace", with(List.of("/usr/bin/unshare", "--pid", "--fork", "--kill-child"), clock));
        variants.put(
                "PID namespace, own /proc",
                with(List.of("/usr/bin/unshare", "--pid", "--fork", "--kill-child", "--mount-proc"), clock));
        var first = new LinkedHashMap<String, double[]>();
        var answer = new LinkedHashMap<String, double[]>();
        for (String name : variants.keySet()) {
            first.put(name, new double[rounds]);
            answer.put(name, new double[rounds]);
        }
        for (int round = -WARM_UP; round < rounds; round++) {
            for (var variant : variants.entrySet()) {
                var attempt = LocalWorld.attempt();
                var launch = LocalWorld.launch(
                        attempt, new Container(Optional.empty(), variant.getValue(), List.of(), List.of()));
                long asked = now();
                LocalWorld.accepted(world.backend.launch(launch));
                long answered = now();
                world.ended(attempt);
                long written = Long.parseLong(world.output(attempt).strip());
                if (round < 0) continue;
                values(first, variant.getKey())[round] = (written - asked) / 1e6;
                values(answer, variant.getKey())[round] = (answered - asked) / 1e6;
            }
        }
        var report = new StringBuilder();
        for (String name : variants.keySet())
            report.append("%-26s first output %s   launch() returns %s   (ms, n=%d)%n"
                    .formatted(name, spread(values(first, name)), spread(values(answer, name)), rounds));
        Files.writeString(Path.of("/dev/stdout"), report, StandardOpenOption.APPEND);
    }

    private static double[] values(Map<String, double[]> all, String name) {
        return all.getOrDefault(name, new double[0]);
    }

    private static List<String> with(List<String> wrapper, List<String> command) {
        var all = new ArrayList<>(wrapper);
        all.addAll(command);
        return all;
    }

    private static String spread(double[] values) {
        Arrays.sort(values);
        return "p50 %.1f p90 %.1f p99 %.1f"
                .formatted(values[values.length / 2], values[values.length * 9 / 10], values[values.length * 99 / 100]);
    }

    private static long now() {
        var now = Instant.now();
        return Duration.ofSeconds(now.getEpochSecond(), now.getNano()).toNanos();
    }
}
