package io.trainyard.job;

import java.time.Instant;
import java.util.Optional;

/** Where a job stands; moved only by the reconciler. Each state carries just the facts that are true in it. */
public sealed interface JobState {
    /** Waits for a slot, not before the given moment. */
    record Queued(int nextAttempt, Instant notBefore, Reason reason) implements JobState {}

    /** Written before the backend is told; without a handle nobody knows whether the backend heard. */
    record Launching(Attempt attempt, Optional<Handle> handle, Reason reason) implements JobState {}

    record Running(Attempt attempt, Handle handle, Instant since) implements JobState {}

    /**
     * @param since when running began, absent when it never did
     * @param asked when the backend last accepted the stop, absent until then
     */
    record Stopping(
            Attempt attempt, Optional<Handle> handle, Optional<Instant> since, Then then, Optional<Instant> asked)
            implements JobState {}

    record Paused(int nextAttempt) implements JobState {}

    record Done(Outcome outcome, Instant at) implements JobState {}

    /** What follows a stop. */
    sealed interface Then {
        record Finish(Outcome outcome) implements Then {}

        record Pause() implements Then {}

        record Retry(Cause cause, String detail) implements Then {}
    }

    /** The attempt that may have something alive on a backend. */
    default Optional<Attempt> liveAttempt() {
        return switch (this) {
            case Launching launching -> Optional.of(launching.attempt());
            case Running running -> Optional.of(running.attempt());
            case Stopping stopping -> Optional.of(stopping.attempt());
            case Queued _, Paused _, Done _ -> Optional.empty();
        };
    }

    default Optional<Handle> liveHandle() {
        return switch (this) {
            case Launching launching -> launching.handle();
            case Running running -> Optional.of(running.handle());
            case Stopping stopping -> stopping.handle();
            case Queued _, Paused _, Done _ -> Optional.empty();
        };
    }

    default boolean ended() {
        return this instanceof Done;
    }
}
