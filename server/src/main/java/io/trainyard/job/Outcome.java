package io.trainyard.job;

/** How a job ended; written once. */
public sealed interface Outcome {
    record Succeeded() implements Outcome {}

    record Failed(Cause cause, String detail) implements Outcome {}

    record Cancelled() implements Outcome {}

    /** Only the manifest was asked for, and there it is. */
    record Rendered() implements Outcome {}
}
