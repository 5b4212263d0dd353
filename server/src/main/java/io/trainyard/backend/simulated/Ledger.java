package io.trainyard.backend.simulated;

import io.trainyard.job.JobId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What happened in the simulated world, in an append-only file outside the store: it outlives the server as a cluster
 * would, and a checker can hold it against the store. One line an act: {@code launch <job> <attempt> <epoch ms> <script>}
 * or {@code stop <job> <attempt> <epoch ms>}.
 */
final class Ledger {
    record Key(JobId job, int attempt) {}

    /** @param launched absent when it was stopped before it ever started, which rules a start out */
    record Entry(Optional<Instant> launched, Optional<Instant> stopped, String script) {}

    private final Path file;
    private final Map<Key, Entry> entries = new HashMap<>();

    Ledger(Path file) {
        this.file = file;
        try {
            if (!Files.exists(file)) return;
            dropTornEnd(file);
            Files.readAllLines(file).forEach(this::replay);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A line torn by a crash was never acknowledged, and the next one would be appended to it. */
    private static void dropTornEnd(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        int whole = bytes.length;
        while (whole > 0 && bytes[whole - 1] != '\n') whole--;
        if (whole < bytes.length) Files.write(file, Arrays.copyOf(bytes, whole));
    }

    private void replay(String line) {
        String[] words = line.split(" ", 5);
        var key = new Key(new JobId(words[1]), Integer.parseInt(words[2]));
        enter(words[0], key, Instant.ofEpochMilli(Long.parseLong(words[3])), words[4]);
    }

    /** @return the entry as it is now; a second launch or stop changes nothing */
    synchronized Entry launch(JobId job, int attempt, Instant now, String script) {
        return act("launch", new Key(job, attempt), now, script);
    }

    synchronized Entry stop(JobId job, int attempt, Instant now) {
        return act("stop", new Key(job, attempt), now, "");
    }

    synchronized Map<Key, Entry> all() {
        return Map.copyOf(entries);
    }

    /** Drops what nobody will ask for again from memory; the file keeps it. */
    synchronized void forget(JobId job, int attempt) {
        entries.remove(new Key(job, attempt));
    }

    synchronized Optional<Entry> find(JobId job, int attempt) {
        return Optional.ofNullable(entries.get(new Key(job, attempt)));
    }

    private Entry act(String verb, Key key, Instant now, String script) {
        @Nullable Entry before = entries.get(key);
        boolean known =
                before != null && (verb.equals("launch") || before.stopped().isPresent());
        if (before != null && known) return before;
        try {
            String line = "%s %s %d %d %s\n".formatted(verb, key.job(), key.attempt(), now.toEpochMilli(), script);
            Files.writeString(file, line, StandardCharsets.UTF_8, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return enter(verb, key, now, script);
    }

    private Entry enter(String verb, Key key, Instant at, String script) {
        Entry before = entries.getOrDefault(key, new Entry(Optional.empty(), Optional.empty(), ""));
        Entry after = verb.equals("launch")
                ? new Entry(Optional.of(at), before.stopped(), script)
                : new Entry(before.launched(), Optional.of(at), before.script());
        entries.put(key, after);
        return after;
    }
}
