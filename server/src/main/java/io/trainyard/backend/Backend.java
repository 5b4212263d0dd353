package io.trainyard.backend;

import io.trainyard.job.Attempt;
import io.trainyard.job.Capacity;
import io.trainyard.job.Handle;
import io.trainyard.job.JobId;
import io.trainyard.job.Observation;
import io.trainyard.spec.JobSpec;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * A place where attempts run. What it creates is found again by the attempt, so every verb may be said twice.
 *
 * <p>A backend that cannot be asked throws {@link Unreachable}, which says nothing about the attempt; only
 * {@link #observe} answers it as a value. Blocking; called on virtual threads.
 */
public interface Backend {
    /** The word a placement names it by: {@code local}, {@code kubernetes}, {@code simulated}, … */
    String name();

    /**
     * Whether it only says what it would create: a job placed on it ends as {@code Rendered} when it is recorded, and
     * {@link #launch} refuses. Attempts of a time when it did more are still observed, stopped and read.
     */
    default boolean rendersOnly() {
        return false;
    }

    /** What would happen, without asking the world; pure. */
    Plan plan(JobSpec spec);

    /** What only the world knows: does the queue exist, is it allowed, does a server-side dry run pass. */
    Check check(JobSpec spec, Duration within);

    /** Starts the attempt, unless that attempt was started or stopped before. */
    Launched launch(Launch launch);

    /**
     * @param handle absent while no launch of the attempt was acknowledged; it is then looked for by the attempt
     * @return {@code Missing} only from a live read, never from a cache
     */
    Observation observe(Attempt attempt, Optional<Handle> handle);

    /** Asks the attempt to end, and sees to it that it never starts if it has not; kills what is left after the grace. */
    void stop(Attempt attempt, Optional<Handle> handle, Duration grace);

    LogSource logs(Attempt attempt, Optional<Handle> handle);

    /**
     * Said at the start, before anything is launched: output kept for attempts that are not among these may go. A crash
     * may have come between an end and its release, and raw output holds secrets.
     */
    default void keepOnly(List<Attempt> live) {}

    /**
     * Where the files of a job lie, without looking whether they are there.
     *
     * @param runId as in {@link Launch}
     */
    default Places places(JobId job, String runId, JobSpec spec) {
        return Places.named(spec);
    }

    /** What it has to give in all, whoever holds it. */
    Capacity capacity();

    /** The backend could not be asked. */
    final class Unreachable extends RuntimeException {
        private static final long serialVersionUID = 1;

        public Unreachable(String message) {
            super(message);
        }

        public Unreachable(String message, Throwable cause) {
            super(message, cause);
        }
    }
}
