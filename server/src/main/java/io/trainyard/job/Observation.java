package io.trainyard.job;

import java.time.Duration;
import java.time.Instant;

/** What a backend sees of an attempt right now. */
public sealed interface Observation {
    /** Proven not to be there, by a live read. */
    record Missing() implements Observation {}

    /** There, and not yet running. */
    record Waiting(Handle handle, Reason reason) implements Observation {}

    /** @param elapsed running time by a clock that no one sets */
    record Active(Handle handle, Instant since, Duration elapsed) implements Observation {}

    /** @param ran running time, zero when it never ran */
    record Ended(Ending ending, Duration ran) implements Observation {}

    /** Out of sight: says nothing about the attempt. */
    record Unreachable(String why) implements Observation {}

    sealed interface Ending {
        record Success() implements Ending {}

        record Failure(Cause cause, String detail) implements Ending {}
    }
}
