package io.trainyard.logs;

import io.trainyard.backend.Backend;
import io.trainyard.backend.LogSource;
import io.trainyard.job.Attempt;
import io.trainyard.job.Job;
import io.trainyard.progress.ProgressIntake;
import io.trainyard.progress.ProgressIntake.Heard;
import io.trainyard.secrets.Mask;
import io.trainyard.secrets.Sealer;
import io.trainyard.store.Logs;
import io.trainyard.store.Store;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Gathers what attempts print. One virtual thread a live attempt reads on and on; when the attempt has ended, {@link
 * #finish} reads to the very end before the end of the job is written down. Where to read on is stored with the lines.
 */
public final class Harvester implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Harvester.class.getName());
    private static final Duration EVERY = Duration.ofMillis(150);
    private static final Duration AFTER_TROUBLE = Duration.ofSeconds(2);
    private static final int READ_BYTES = 256 * 1024;

    private final Store store;
    private final Map<String, Backend> backends;
    private final Sealer sealer;
    private final ProgressIntake progress;
    private final InstantSource clock;
    private final Map<String, Pull> pulls = new ConcurrentHashMap<>();
    private volatile boolean open = true;

    public Harvester(Store store, List<Backend> backends, Sealer sealer, ProgressIntake progress, InstantSource clock) {
        this.store = store;
        this.backends = new HashMap<>();
        for (Backend backend : backends) this.backends.put(backend.name(), backend);
        this.sealer = sealer;
        this.progress = progress;
        this.clock = clock;
    }

    /** Sees to it that somebody reads the live attempt's output; may be said at every look. */
    public void follow(Job job) {
        Optional<Attempt> attempt = job.state().liveAttempt();
        if (attempt.isEmpty() || !open) return;
        pulls.computeIfAbsent(attempt.get().toString(), _ -> {
            Pull pull = new Pull(job, attempt.get());
            Thread.ofVirtual().name("logs-" + attempt.get()).start(() -> pullAlways(pull));
            return pull;
        });
    }

    private void pullAlways(Pull pull) {
        boolean troubled = false;
        while (open && !pull.ended) {
            try {
                pull.read(false);
                troubled = false;
            } catch (RuntimeException trouble) {
                // Once for a row of them: a backend may be out of sight for hours.
                if (open && !troubled)
                    LOG.log(System.Logger.Level.WARNING, "output of " + pull.attempt + " is read again later", trouble);
                troubled = true;
            }
            try {
                Thread.sleep(troubled ? AFTER_TROUBLE : EVERY);
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    /** Returns when all output of the ended attempt is stored. */
    public void finish(Job job) {
        Optional<Attempt> attempt = job.state().liveAttempt();
        if (attempt.isEmpty()) return;
        Pull pull = pulls.computeIfAbsent(attempt.get().toString(), _ -> new Pull(job, attempt.get()));
        pull.read(true);
    }

    /** The end is written down: what the backend still holds may go. */
    public void release(Job job) {
        job.state().liveAttempt().ifPresent(attempt -> {
            // Also what nobody read since this server started, such as the output of an attempt that vanished.
            Pull pull = pulls.remove(attempt.toString());
            if (pull == null) pull = new Pull(job, attempt);
            pull.ended = true;
            pull.source().release();
        });
    }

    @Override
    public void close() {
        open = false;
    }

    /** The reading of one attempt's output. */
    private final class Pull {
        private final Job job;
        private final Attempt attempt;
        private final Mask mask;
        private final Map<LogSource.Part, LineCutter> cutters = new HashMap<>();
        private volatile boolean ended;

        Pull(Job job, Attempt attempt) {
            this.job = job;
            this.attempt = attempt;
            this.mask = Mask.of(sealer.unseal(job.id().value(), store.jobs().secrets(job.id()))
                    .values());
        }

        LogSource source() {
            Backend backend = backends.get(attempt.backend());
            if (backend == null) throw new Backend.Unreachable("backend " + attempt.backend() + " is not configured");
            return backend.logs(attempt, job.state().liveHandle());
        }

        synchronized void read(boolean toTheEnd) {
            LogSource source = source();
            for (LogSource.Part part : source.parts()) {
                LineCutter cutter = cutters.computeIfAbsent(part, this::cutter);
                while (true) {
                    var chunk = source.read(part, cutter.readPosition(), READ_BYTES);
                    boolean more = chunk.bytes().length > 0;
                    if (more) keep(part, cutter, cutter.add(chunk.bytes()));
                    else break;
                }
                if (toTheEnd) keep(part, cutter, cutter.end());
            }
        }

        private LineCutter cutter(LogSource.Part part) {
            return new LineCutter(mask, store.logs().position(source(part)));
        }

        private Logs.Source source(LogSource.Part part) {
            return new Logs.Source(
                    job.id(),
                    attempt.number(),
                    part.rank(),
                    part.stream().name().toLowerCase(Locale.ROOT));
        }

        private void keep(LogSource.Part part, LineCutter cutter, List<String> lines) {
            if (lines.isEmpty()) return;
            Instant now = clock.instant();
            var stored = new ArrayList<Logs.NewLine>(lines.size());
            var heard = new ArrayList<Heard>(lines.size());
            for (String line : lines) {
                stored.add(new Logs.NewLine(now, line));
                heard.add(new Heard(now, line));
            }
            // Points first: after a crash in between the lines are read again, and told steps are known by their
            // number.
            progress.lines(job.id(), attempt.number(), heard);
            store.logs().append(source(part), stored, cutter.position());
        }
    }
}
