package io.trainyard.job;

import java.time.Instant;
import java.util.Optional;

/**
 * One line of a job's history.
 *
 * @param sequence counts a job's events from 1 without gaps; 0 until stored
 */
public record Event(JobId job, long sequence, Instant at, Kind kind, Optional<Integer> attempt, String message) {
    public static Event of(Job job, Kind kind, String message, Instant now) {
        return new Event(job.id(), 0, now, kind, job.state().liveAttempt().map(Attempt::number), message);
    }

    public enum Kind {
        SUBMITTED,
        WARNING,
        LAUNCHING,
        WAITING,
        RUNNING,
        CANCEL_REQUESTED,
        PAUSE_REQUESTED,
        RESUME_REQUESTED,
        STOPPING,
        PAUSED,
        QUEUED,
        RETRYING,
        FALLBACK,
        CHECKPOINT,
        SUCCEEDED,
        FAILED,
        CANCELLED,
        RENDERED;

        public boolean terminal() {
            return this == SUCCEEDED || this == FAILED || this == CANCELLED || this == RENDERED;
        }
    }
}
