package io.trainyard.backend.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Where the output of one rank lies until it is stored, readable by the owner only since nothing in it is masked, and
 * beside it how far the log was read. What stands behind the length in the cursor does not count.
 */
public final class PodLogFile {
    private final Path file;
    private final Path beside;
    private Cursor cursor = Cursor.START;
    private String uid = "";
    /** All that were read to their end, one after another: a pod that is replaced stays known. */
    private final Set<String> through = new LinkedHashSet<>();

    private long length;

    /**
     * Where in the log of a pod we are.
     *
     * @param last time of the last line
     * @param lines how many whole lines of its second, or after, were taken
     * @param linesAtLast how many of them have this very time: after a rotation the others may not be there any more
     * @param partialBytes how much of the line behind them
     */
    record Cursor(Optional<Instant> last, int lines, int linesAtLast, int partialBytes) {
        static final Cursor START = new Cursor(Optional.empty(), 0, 0, 0);

        /** A line with this time begins. */
        Cursor at(Optional<Instant> time) {
            if (last.isEmpty()) return new Cursor(time, lines, 0, 0);
            if (time.isEmpty() || !time.get().isAfter(last.get())) return new Cursor(last, lines, linesAtLast, 0);
            boolean sameSecond = PodLog.second(time.get()).equals(PodLog.second(last.get()));
            return new Cursor(time, sameSecond ? lines : 0, 0, 0);
        }

        Cursor grown() {
            return new Cursor(last, lines, linesAtLast, partialBytes + 1);
        }

        /** @param atLast whether the line that ends has the last time, and none before it */
        Cursor ended(boolean atLast) {
            return new Cursor(last, lines + 1, linesAtLast + (atLast ? 1 : 0), 0);
        }
    }

    private PodLogFile(Path file) {
        this.file = file;
        this.beside = Path.of(file + ".cursor");
    }

    /** What an earlier server took down is there again. */
    public static PodLogFile open(Path file) {
        var log = new PodLogFile(file);
        try {
            log.readCursor();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return log;
    }

    private void readCursor() throws IOException {
        if (!Files.exists(beside)) return;
        try {
            JsonNode kept = Api.JSON.readTree(Files.readAllBytes(beside));
            uid = kept.path("uid").asString("");
            for (JsonNode pod : kept.path("through")) through.add(pod.asString(""));
            length = kept.path("length").asLong(0);
            cursor = new Cursor(
                    Times.of(kept.path("last")),
                    kept.path("lines").asInt(0),
                    kept.path("linesAtLast").asInt(0),
                    kept.path("partial").asInt(0));
        } catch (JacksonException damaged) {
            startOver();
        }
        // A machine that lost power may have lost what the cursor speaks of.
        if (length > 0 && (!Files.exists(file) || Files.size(file) < length)) startOver();
    }

    private void startOver() {
        uid = "";
        through.clear();
        length = 0;
        cursor = Cursor.START;
    }

    synchronized Cursor cursor() {
        return cursor;
    }

    synchronized Optional<Instant> since() {
        return cursor.last().map(PodLog::second);
    }

    /** Another pod has a log of its own; its lines follow in the same file. */
    synchronized void begin(String pod) {
        if (uid.equals(pod)) return;
        uid = pod;
        cursor = Cursor.START;
    }

    synchronized boolean finished(String pod) {
        return through.contains(pod);
    }

    synchronized void finish(String pod) {
        if (!uid.equals(pod)) return;
        through.add(pod);
        try {
            writeCursor();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    synchronized void append(byte[] bytes, Cursor next) {
        try {
            var owner = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
            var options = Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            try (var channel = FileChannel.open(file, options, owner)) {
                // Behind what counts, wherever a write that failed half-way has left the end.
                channel.truncate(length).position(length);
                var buffer = ByteBuffer.wrap(bytes);
                while (buffer.hasRemaining()) channel.write(buffer);
            }
            length += bytes.length;
            cursor = next;
            writeCursor();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void writeCursor() throws IOException {
        ObjectNode kept = Api.JSON
                .createObjectNode()
                .put("uid", uid)
                .put("length", length)
                .put("lines", cursor.lines())
                .put("linesAtLast", cursor.linesAtLast())
                .put("partial", cursor.partialBytes());
        through.forEach(kept.putArray("through")::add);
        cursor.last().ifPresent(last -> kept.put("last", last.toString()));
        Path draft = Path.of(beside + ".draft");
        Files.write(draft, Api.JSON.writeValueAsBytes(kept));
        Files.move(draft, beside, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    public byte[] read(long position, int maxBytes) {
        long end;
        synchronized (this) {
            end = length;
        }
        if (position >= end) return new byte[0];
        try (var channel = FileChannel.open(file, StandardOpenOption.READ)) {
            var buffer = ByteBuffer.allocate((int) Math.min(maxBytes, end - position));
            channel.position(position);
            int more = 0;
            while (buffer.hasRemaining() && more >= 0) more = channel.read(buffer);
            return Arrays.copyOf(buffer.array(), buffer.position());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
