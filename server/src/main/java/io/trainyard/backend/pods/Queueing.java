package io.trainyard.backend.pods;

import java.util.Optional;

/** The queue of jobs that name none, and the priority class of all that are queued and name none. */
public record Queueing(Optional<String> queue, Optional<String> priorityClass) {
    public static final Queueing NONE = new Queueing(Optional.empty(), Optional.empty());
}
