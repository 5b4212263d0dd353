package io.trainyard.crash;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What the children themselves wrote down, each word appended whole: its order is the order in which it happened. */
final class ChildLedger {
    /** @param offset of its line in the file */
    record Entry(long offset, String word, String job, int attempt, long pid, Optional<Integer> code) {}

    record Child(String job, int attempt) {}

    /** The moments, as lengths of the ledger, between which no server was there. */
    record Outage(long from, long to) {}

    final Map<Child, List<Entry>> children = new LinkedHashMap<>();

    static ChildLedger read(Path file) throws IOException {
        var ledger = new ChildLedger();
        if (!Files.exists(file)) return ledger;
        long offset = 0;
        for (String line : Files.readString(file).split("\n", -1)) {
            if (!line.isEmpty()) {
                String[] words = line.split(" ", -1);
                var entry = new Entry(
                        offset,
                        words[0],
                        words[1],
                        Integer.parseInt(words[2]),
                        Long.parseLong(words[3]),
                        words.length > 4 ? Optional.of(Integer.valueOf(words[4])) : Optional.empty());
                ledger.children
                        .computeIfAbsent(new Child(entry.job(), entry.attempt()), _ -> new ArrayList<>())
                        .add(entry);
            }
            offset += line.length() + 1;
        }
        return ledger;
    }

    static long length(Path file) {
        return file.toFile().length();
    }

    List<Entry> of(String job, int attempt) {
        return children.getOrDefault(new Child(job, attempt), List.of());
    }

    /** How often a child was there before an outage and still there after it. */
    int livedThrough(List<Outage> outages) {
        int count = 0;
        for (List<Entry> entries : children.values())
            for (Outage outage : outages)
                if (entries.getFirst().offset() < outage.from()
                        && entries.getLast().offset() >= outage.to()) count++;
        return count;
    }

    /** What no two children may do: start twice, change their process, or live at the same time as another attempt. */
    List<String> violations() {
        var found = new ArrayList<String>();
        children.forEach((child, entries) -> {
            long starts = entries.stream().filter(e -> e.word().equals("start")).count();
            if (starts != 1) found.add(child + " started " + starts + " times");
            if (entries.stream().map(Entry::pid).distinct().count() != 1)
                found.add(child + " had more than one process: " + entries);
            var next = of(child.job(), child.attempt() + 1);
            if (!next.isEmpty() && next.getFirst().offset() < entries.getLast().offset())
                found.add(child + " was alive when its next attempt had started");
        });
        return found;
    }
}
