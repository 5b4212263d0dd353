package io.trainyard.backend.attempts;

import io.trainyard.backend.cluster.Api;
import io.trainyard.backend.cluster.Times;
import io.trainyard.backend.pods.Names;
import io.trainyard.job.Attempt;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/** What is kept on disk of an attempt while it lives: what was about to be created, whether it was stopped, its output. */
final class Folder {
    private static final String INTENT = "intent.json";
    private static final String COMPANIONS = "companions.json";
    private static final String STOPPED = "stopped.json";
    private static final String OUTPUT = "output-";

    private final Path path;

    private Folder(Path path) {
        this.path = path;
    }

    static Folder of(Path all, Attempt attempt) {
        return new Folder(all.resolve(key(attempt)));
    }

    /** Job ids hold nothing that a file name could not. */
    static String key(Attempt attempt) {
        return attempt.job().value() + "-" + attempt.number();
    }

    /** Written before anything is sent. */
    record Intent(String kind, String namespace, String name) {}

    Optional<Intent> intent() {
        return read(INTENT)
                .map(kept -> new Intent(
                        kept.path("kind").asString(""),
                        kept.path("namespace").asString(""),
                        kept.path("name").asString("")));
    }

    void intend(Intent intent) {
        write(
                INTENT,
                Api.JSON
                        .createObjectNode()
                        .put("kind", intent.kind())
                        .put("namespace", intent.namespace())
                        .put("name", intent.name()));
    }

    /** Nothing was sent after all. */
    void forgetIntent() {
        delete(INTENT);
    }

    private void delete(String name) {
        try {
            Files.deleteIfExists(path.resolve(name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Paths of what was about to be created beside the object and does not go with it yet. */
    List<String> companions() {
        return read(COMPANIONS)
                .map(kept -> kept.valueStream().map(JsonNode::asString).toList())
                .orElse(List.of());
    }

    void accompany(List<String> paths) {
        var kept = Api.JSON.createArrayNode();
        paths.forEach(kept::add);
        write(COMPANIONS, kept);
    }

    /** They go with the object from now on. */
    void owned() {
        delete(COMPANIONS);
    }

    /**
     * @param began when it had begun to run
     * @param at when it was told to stop
     */
    record Stopped(Optional<Instant> began, Instant at) {}

    Optional<Stopped> stopped() {
        return read(STOPPED)
                .map(kept -> new Stopped(
                        Times.of(kept.path("began")), Times.of(kept.path("at")).orElse(Instant.EPOCH)));
    }

    void stop(Stopped stopped) {
        var kept = Api.JSON.createObjectNode().put("at", stopped.at().toString());
        stopped.began().ifPresent(began -> kept.put("began", began.toString()));
        write(STOPPED, kept);
    }

    Path output(int rank) {
        make();
        return path.resolve(OUTPUT + rank);
    }

    /** The ranks whose output was begun. */
    List<Integer> ranks() {
        var ranks = new ArrayList<Integer>();
        if (!Files.isDirectory(path)) return ranks;
        try (var files = Files.list(path)) {
            for (Path file : files.toList()) {
                String name = String.valueOf(file.getFileName());
                if (name.matches(OUTPUT + "\\d+")) ranks.add(Integer.valueOf(name.substring(OUTPUT.length())));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        ranks.sort(Integer::compare);
        return ranks;
    }

    private void make() {
        if (Files.isDirectory(path)) return;
        try {
            var owner = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
            Files.createDirectories(path, owner);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Optional<JsonNode> read(String name) {
        Path file = path.resolve(name);
        if (!Files.exists(file)) return Optional.empty();
        try {
            return Optional.of(Api.JSON.readTree(Files.readAllBytes(file)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (JacksonException cutOff) {
            // Written by halves before a crash: nothing was sent on its word.
            return Optional.empty();
        }
    }

    private void write(String name, JsonNode kept) {
        make();
        var options = Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING);
        try (var channel = FileChannel.open(path.resolve(name), options)) {
            var bytes = ByteBuffer.wrap(Api.JSON.writeValueAsBytes(kept));
            while (bytes.hasRemaining()) channel.write(bytes);
            channel.force(true);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** By the key that {@link #key} gives. */
    static Folder keyed(Path all, String key) {
        return new Folder(all.resolve(key));
    }

    String key() {
        return String.valueOf(path.getFileName());
    }

    /** Whether these are the labels of something that was created for its attempt. */
    boolean isOf(JsonNode labels) {
        String key = labels.path(Names.JOB).asString("") + "-"
                + labels.path(Names.ATTEMPT).asString("");
        return labels.path(Names.MANAGED_BY).asString("").equals(Names.OURS) && key.equals(key());
    }

    /** All but what says what is on the cluster. */
    void dropOutput() {
        drop(false);
    }

    void drop() {
        drop(true);
    }

    private void drop(boolean whole) {
        if (!Files.isDirectory(path)) return;
        try (var files = Files.list(path)) {
            for (Path file : files.toList())
                if (whole || !(file.endsWith(INTENT) || file.endsWith(COMPANIONS))) Files.deleteIfExists(file);
            if (whole) Files.deleteIfExists(path);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
