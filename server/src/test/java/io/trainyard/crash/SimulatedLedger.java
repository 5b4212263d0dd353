package io.trainyard.crash;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/** The simulated world's own record, read anew and independently of the backend that wrote it. */
final class SimulatedLedger {
    private static final Pattern MILLIS = Pattern.compile("(\\d+)ms");

    private record Key(String job, int attempt) {}

    private record Run(Instant launched, long scriptedMillis) {}

    private final Map<Key, List<Run>> launches = new HashMap<>();
    private final Map<Key, Instant> stops = new HashMap<>();

    static SimulatedLedger read(Path file) throws IOException {
        var ledger = new SimulatedLedger();
        if (!Files.exists(file)) return ledger;
        for (String line : Files.readAllLines(file)) {
            String[] words = line.split(" ", 5);
            var key = new Key(words[1], Integer.parseInt(words[2]));
            Instant at = Instant.ofEpochMilli(Long.parseLong(words[3]));
            if (words[0].equals("stop")) ledger.stops.put(key, at);
            else
                ledger.launches
                        .computeIfAbsent(key, _ -> new ArrayList<>())
                        .add(new Run(at, millis(words[4], key.attempt())));
        }
        return ledger;
    }

    private static long millis(String script, int attempt) {
        String[] parts = script.split("\\|", -1);
        return MILLIS.matcher(parts[Math.min(attempt, parts.length) - 1])
                .results()
                .mapToLong(length -> Long.parseLong(length.group(1)))
                .sum();
    }

    boolean knows(String job, int attempt) {
        return launches.containsKey(new Key(job, attempt));
    }

    List<String> violations() {
        var found = new ArrayList<String>();
        launches.forEach((key, runs) -> {
            if (runs.size() != 1) found.add(key + " was launched " + runs.size() + " times");
            var next = launches.get(new Key(key.job(), key.attempt() + 1));
            if (next == null) return;
            Instant over = runs.getFirst().launched().plusMillis(runs.getFirst().scriptedMillis());
            Instant stopped = Optional.ofNullable(stops.get(key)).orElse(Instant.MAX);
            if (next.getFirst().launched().isBefore(stopped.isBefore(over) ? stopped : over))
                found.add(key + " was running when its next attempt was launched");
        });
        return found;
    }
}
