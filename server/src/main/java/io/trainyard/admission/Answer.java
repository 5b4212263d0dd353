package io.trainyard.admission;

import io.trainyard.job.Job;
import java.util.List;

/** What became of a request for a job. */
public sealed interface Answer {
    /** Durably recorded. */
    record Accepted(Job job) implements Answer {}

    /** The same was asked before; this is the first job as it stands now. */
    record Repeated(Job job) implements Answer {}

    /** A job with another request has this client id, unfinished or for good. */
    record Taken(Job job) implements Answer {}

    /** The idempotency key came before with another request. */
    record KeyReused(Job job) implements Answer {}

    /** No backend of its placement can ever run it; nothing was recorded. */
    record Refused(List<String> objections) implements Answer {
        public Refused {
            objections = List.copyOf(objections);
        }
    }
}
