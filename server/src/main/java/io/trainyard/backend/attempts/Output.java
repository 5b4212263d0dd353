package io.trainyard.backend.attempts;

import io.trainyard.backend.Backend.Unreachable;
import io.trainyard.backend.LogSource;
import io.trainyard.backend.causes.Pod;
import io.trainyard.backend.cluster.Api;
import io.trainyard.backend.cluster.PodLog;
import io.trainyard.backend.cluster.PodLog.Fate;
import io.trainyard.backend.cluster.PodLog.Source;
import io.trainyard.backend.cluster.PodLogFile;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The output of one attempt: a log for each rank, each followed as soon as its pod has begun. */
final class Output implements AutoCloseable {
    /** Whoever asks for the last lines waits a little rather than coming again. */
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    private static final Duration LOOK_AGAIN = Duration.ofMillis(10);

    private final Api api;
    private final Folder folder;
    private final Where where;
    private final Supplier<List<Pod>> pods;
    private final Function<Pod, Fate> fate;
    private final InstantSource clock;
    private final Duration settle;
    private final Map<Integer, PodLog> logs = new TreeMap<>();
    private @Nullable Instant ended;

    record Where(String namespace, String container) {}

    record Timing(InstantSource clock, Duration settle) {}

    /**
     * @param pods of the attempt as they are known now
     * @param fate of one of them
     */
    Output(Api api, Folder folder, Where where, Supplier<List<Pod>> pods, Function<Pod, Fate> fate, Timing timing) {
        this.api = api;
        this.folder = folder;
        this.where = where;
        this.pods = pods;
        this.fate = fate;
        this.clock = timing.clock();
        this.settle = timing.settle();
        for (int rank : folder.ranks()) log(rank);
    }

    private PodLog log(int rank) {
        return logs.computeIfAbsent(rank, _ -> new PodLog(api, PodLogFile.open(folder.output(rank)), this::fateOf));
    }

    private Fate fateOf(Source source) {
        for (Pod pod : pods.get()) if (pod.uid().equals(source.uid())) return fate.apply(pod);
        return Fate.GONE;
    }

    /** Its pods have printed their last line, or are about to. */
    synchronized void ended(Instant seen) {
        if (ended != null) return;
        ended = seen;
        logs.values().forEach(PodLog::hurry);
    }

    /**
     * Starts to follow whatever can be followed by now.
     *
     * @return whether all of it was read to its end
     */
    synchronized boolean follow() {
        List<Pod> now = new ArrayList<>(pods.get());
        now.sort(Comparator.comparing(Pod::created));
        boolean read = true;
        for (Pod pod : now)
            if (pod.began().isPresent())
                read &= log(pod.rank())
                        .follow(
                                new Source(where.namespace(), pod.name(), pod.uid(), where.container(), pod.node()),
                                ended != null);
        return read && logs.values().stream().allMatch(PodLog::done);
    }

    List<LogSource.Part> parts() {
        follow();
        if (isEnded()) awaitEnd();
        var parts = new ArrayList<LogSource.Part>();
        synchronized (this) {
            for (int rank : logs.keySet()) parts.add(part(rank));
        }
        if (parts.isEmpty()) parts.add(part(0));
        return parts;
    }

    private static LogSource.Part part(int rank) {
        return new LogSource.Part(rank, LogSource.Stream.STDOUT);
    }

    private synchronized boolean isEnded() {
        return ended != null;
    }

    /** The end of a job is told when its last line can be read. */
    private void awaitEnd() {
        long until = System.nanoTime() + PATIENCE.toNanos();
        while (System.nanoTime() < until) {
            if (follow() || gaveUp()) return;
            try {
                Thread.sleep(LOOK_AGAIN);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                break;
            }
        }
        throw new Unreachable("the last output cannot be read yet"
                + trouble().map(why -> ": " + why).orElse(""));
    }

    private synchronized Optional<String> trouble() {
        return logs.values().stream()
                .map(PodLog::trouble)
                .filter(why -> !why.isEmpty())
                .findFirst();
    }

    private synchronized boolean gaveUp() {
        if (ended == null
                || clock.instant().isBefore(ended.plus(settle))
                || trouble().isEmpty()) return false;
        for (PodLog log : logs.values())
            if (!log.done()) log.giveUp("the output on the cluster cannot be read: " + log.trouble());
        return true;
    }

    LogSource.Chunk read(LogSource.Part part, long position, int maxBytes) {
        PodLog log;
        synchronized (this) {
            log = logs.get(part.rank());
        }
        if (log == null) return new LogSource.Chunk(new byte[0], position);
        byte[] bytes = log.file().read(position, maxBytes);
        return new LogSource.Chunk(bytes, position + bytes.length);
    }

    @Override
    public synchronized void close() {
        logs.values().forEach(PodLog::close);
    }
}
