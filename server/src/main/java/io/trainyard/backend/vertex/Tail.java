package io.trainyard.backend.vertex;

import io.trainyard.backend.Backend.Unreachable;
import io.trainyard.backend.LogSource.Chunk;
import io.trainyard.backend.LogSource.Part;
import io.trainyard.backend.LogSource.Stream;
import io.trainyard.backend.vertex.CloudLogging.Entry;
import io.trainyard.backend.vertex.CloudLogging.Page;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The output of one attempt, fetched entry by entry into the files of a {@link Spool}. Entries may come in late and out
 * of order: each fetch goes back a little and leaves out what it has.
 */
final class Tail {
    private static final System.Logger LOG = System.getLogger(Tail.class.getName());
    static final Duration EVERY = Duration.ofSeconds(5);
    /** An entry that comes in later than this behind a newer one is lost. */
    static final Duration BACK = Duration.ofSeconds(60);
    /** An end is not held up for longer by entries that cannot be read. */
    static final Duration GIVE_UP_AFTER = Duration.ofMinutes(10);

    private final String name;
    private final Spool spool;
    private final CloudLogging logging;
    private final InstantSource clock;
    private Instant tried = Instant.MIN;
    private Instant read = Instant.MIN;
    private Optional<Instant> end = Optional.empty();
    private boolean refused;

    /** @param name whole resource name of the custom job */
    Tail(String name, Spool spool, CloudLogging logging, InstantSource clock) {
        this.name = name;
        this.spool = spool;
        this.logging = logging;
        this.clock = clock;
    }

    /** It has ended, and all its entries can be read: the next look reads to the last one. */
    synchronized void ended(Instant seen) {
        if (end.isEmpty()) end = Optional.of(seen);
    }

    synchronized List<Part> parts() {
        boolean last = end.isPresent() && read.isBefore(end.get());
        Instant now = clock.instant();
        boolean due = !now.isBefore(tried.plus(EVERY)) || (last && tried.isBefore(end.orElseThrow()));
        if (due && !refused && (last || logging.turn())) fetch(now);
        if (last && !refused && read.isBefore(end.orElseThrow())) {
            if (now.isBefore(end.orElseThrow().plus(GIVE_UP_AFTER)))
                throw new Unreachable("the last output of " + name + " cannot be read yet");
            refuse("its last lines could not be read for " + GIVE_UP_AFTER.toMinutes() + " minutes");
        }
        return spool.parts();
    }

    synchronized Chunk read(Part part, long position, int maxBytes) {
        long length = spool.length(part);
        int size = Math.clamp(length - position, 0, maxBytes);
        if (size == 0) return new Chunk(new byte[0], position);
        var bytes = ByteBuffer.allocate(size);
        try (var channel = FileChannel.open(spool.file(part), StandardOpenOption.READ)) {
            while (bytes.hasRemaining() && channel.read(bytes, position + bytes.position()) > 0) {}
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        if (bytes.hasRemaining()) throw new IllegalStateException("a spool shorter than said: " + spool.file(part));
        return new Chunk(bytes.array(), position + size);
    }

    private void fetch(Instant now) {
        tried = now;
        try {
            Optional<String> page = Optional.empty();
            Instant from = spool.newest().map(newest -> newest.minus(BACK)).orElse(Instant.EPOCH);
            do {
                switch (logging.read(name, from, page)) {
                    case Page.Read done -> {
                        keep(done.entries());
                        page = done.next();
                    }
                    case Page.Refused why -> {
                        refuse(why.why());
                        return;
                    }
                }
            } while (page.isPresent());
            read = now;
        } catch (Unreachable later) {
            LOG.log(System.Logger.Level.INFO, "output of {0} is fetched again later: {1}", name, later.getMessage());
        }
    }

    private void keep(List<Entry> entries) {
        var fresh = new ArrayList<Entry>();
        for (Entry entry : entries) if (!spool.has(entry.key())) fresh.add(entry);
        if (!fresh.isEmpty()) spool.append(fresh, BACK);
    }

    /** Said where the output would stand: a job does not wait for lines that nobody may read. */
    private void refuse(String why) {
        refused = true;
        LOG.log(System.Logger.Level.WARNING, "output of {0} cannot be read: {1}", name, why);
        String line = "trainyard: the output on Vertex AI cannot be read: " + why;
        spool.append(
                List.of(new Entry(
                        spool.newest().orElse(clock.instant()), "trainyard", new Part(0, Stream.STDERR), line)),
                BACK);
    }

    synchronized void drop() {
        spool.drop();
    }

    static byte[] bytes(String line) {
        return (line + "\n").getBytes(StandardCharsets.UTF_8);
    }
}
