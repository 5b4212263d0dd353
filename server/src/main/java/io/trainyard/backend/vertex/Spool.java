package io.trainyard.backend.vertex;

import io.trainyard.backend.LogSource.Part;
import io.trainyard.backend.LogSource.Stream;
import io.trainyard.backend.vertex.CloudLogging.Entry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/**
 * Where fetched output lies until it is stored: a file for each part, readable by the owner only since nothing in it is
 * masked, and a cursor. What stands behind the lengths in the cursor was not taken down whole and is fetched again.
 */
final class Spool {
    private static final String CURSOR = "cursor.json";

    private final Path folder;
    private final Map<Part, Long> lengths = new HashMap<>();
    private final Map<String, Instant> seen = new HashMap<>();
    private Optional<Instant> newest = Optional.empty();

    private Spool(Path folder) {
        this.folder = folder;
    }

    static Spool open(Path folder) {
        var spool = new Spool(folder);
        try {
            var owner = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
            Files.createDirectories(folder.getParent());
            if (!Files.isDirectory(folder)) Files.createDirectory(folder, owner);
            spool.readCursor();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return spool;
    }

    private void readCursor() throws IOException {
        Path file = folder.resolve(CURSOR);
        if (!Files.exists(file)) return;
        try {
            JsonNode cursor = Manifest.JSON.readTree(Files.readAllBytes(file));
            for (var length : cursor.path("lengths").properties())
                lengths.put(part(length.getKey()), length.getValue().asLong());
            for (var entry : cursor.path("seen").properties())
                seen.put(entry.getKey(), Instant.parse(entry.getValue().asString()));
            newest = Optional.of(Instant.parse(cursor.path("newest").asString()));
        } catch (JacksonException | IllegalArgumentException damaged) {
            startOver();
        }
        for (var length : lengths.entrySet()) {
            Path part = file(length.getKey());
            // A machine that lost power may have lost what the cursor speaks of.
            if (!Files.exists(part) || Files.size(part) < length.getValue()) {
                startOver();
                return;
            }
            try (var channel = FileChannel.open(part, StandardOpenOption.WRITE)) {
                channel.truncate(length.getValue());
            }
        }
    }

    private void startOver() throws IOException {
        lengths.clear();
        seen.clear();
        newest = Optional.empty();
        try (var files = Files.list(folder)) {
            for (Path file : files.toList()) Files.delete(file);
        }
    }

    List<Part> parts() {
        var parts = new ArrayList<>(lengths.keySet());
        var first = new Part(0, Stream.STDOUT);
        if (!parts.contains(first)) parts.add(first);
        parts.sort(Comparator.comparingInt(Part::rank).thenComparing(Part::stream));
        return parts;
    }

    long length(Part part) {
        return lengths.getOrDefault(part, 0L);
    }

    Path file(Part part) {
        return folder.resolve(part.rank() + "." + part.stream().name().toLowerCase(Locale.ROOT));
    }

    private static Part part(String file) {
        int dot = file.indexOf('.');
        if (dot < 1) throw new IllegalArgumentException("no part: " + file);
        return new Part(
                Integer.parseInt(file.substring(0, dot)),
                Stream.valueOf(file.substring(dot + 1).toUpperCase(Locale.ROOT)));
    }

    /** The latest time of an entry. */
    Optional<Instant> newest() {
        return newest;
    }

    boolean has(String key) {
        return seen.containsKey(key);
    }

    /** @param back how far before the newest one entries are remembered */
    void append(List<Entry> entries, Duration back) {
        var bytes = new TreeMap<String, ByteArrayOutputStream>();
        for (Entry entry : entries) {
            bytes.computeIfAbsent(name(entry.part()), _ -> new ByteArrayOutputStream())
                    .writeBytes(Tail.bytes(entry.text()));
            seen.put(entry.key(), entry.at());
            if (newest.filter(time -> !time.isBefore(entry.at())).isEmpty()) newest = Optional.of(entry.at());
        }
        Instant oldest = newest.orElseThrow().minus(back);
        seen.values().removeIf(time -> time.isBefore(oldest));
        try {
            for (var part : bytes.entrySet())
                write(part(part.getKey()), part.getValue().toByteArray());
            writeCursor();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String name(Part part) {
        return String.valueOf(file(part).getFileName());
    }

    private void write(Part part, byte[] bytes) throws IOException {
        long length = length(part);
        var owner = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
        var options = Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try (var channel = FileChannel.open(file(part), options, owner)) {
            // Behind what counts, wherever a write that failed half-way has left the end.
            channel.truncate(length).position(length);
            var buffer = ByteBuffer.wrap(bytes);
            while (buffer.hasRemaining()) channel.write(buffer);
        }
        lengths.put(part, length + bytes.length);
    }

    private void writeCursor() throws IOException {
        var cursor = Manifest.JSON.createObjectNode();
        cursor.put("newest", newest.orElseThrow().toString());
        var counts = cursor.putObject("lengths");
        lengths.forEach((part, length) -> counts.put(name(part), length));
        var known = cursor.putObject("seen");
        seen.forEach((key, time) -> known.put(key, time.toString()));
        Path draft = folder.resolve(CURSOR + ".draft");
        Files.write(draft, Manifest.JSON.writeValueAsBytes(cursor));
        Files.move(draft, folder.resolve(CURSOR), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    void drop() {
        drop(folder);
    }

    static void drop(Path folder) {
        if (!Files.isDirectory(folder)) return;
        try (var files = Files.list(folder)) {
            for (Path file : files.toList()) Files.deleteIfExists(file);
            Files.deleteIfExists(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
