package io.trainyard.backend;

import io.trainyard.job.Handle;
import io.trainyard.job.Observation.Ending;

/** What came of a launch. */
public sealed interface Launched {
    record Accepted(Handle handle) implements Launched {}

    /** Refused for good; nothing was created. */
    record Refused(Ending.Failure why) implements Launched {}

    /** Nothing was sent, provably: the next backend of the placement may be tried. */
    record NotSent(String why) implements Launched {}
}
