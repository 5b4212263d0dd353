package io.trainyard.job;

import java.time.Duration;
import java.util.Optional;

/** The one thing to do next about a job. */
public sealed interface Step {
    /** Nothing until something changes. */
    record Rest() implements Step {}

    /** Tell the backend to start the attempt; may be said twice. */
    record Launch(Attempt attempt) implements Step {}

    /** Tell the backend that the attempt must end and never start; may be said twice. */
    record Stop(Attempt attempt, Optional<Handle> handle, Duration grace) implements Step {}

    /** Write the job down as it is now, with one line of history. */
    record Become(Job next, Event.Kind kind, String message) implements Step {}
}
