package io.trainyard.store;

import io.trainyard.job.Attempt;
import io.trainyard.job.Event;
import io.trainyard.job.JobId;
import io.trainyard.job.JobState;
import io.trainyard.job.Wish;
import java.time.Instant;
import java.util.Optional;

/** What both implementations must say alike about a wish. */
final class Wishes {
    private Wishes() {}

    /** A wish that ends the job is never taken back, only turned from cancel to delete. */
    static boolean changes(Wish before, JobState state, Wish next) {
        if (state.ended() || before == next) return false;
        return switch (before) {
            case RUN, PAUSE -> true;
            case CANCEL -> next == Wish.DELETE;
            case DELETE -> false;
        };
    }

    static Event event(JobId id, JobState state, Wish wish, Instant at) {
        Optional<Integer> attempt = state.liveAttempt().map(Attempt::number);
        return switch (wish) {
            case RUN -> new Event(id, 0, at, Event.Kind.RESUME_REQUESTED, attempt, "resume requested");
            case PAUSE -> new Event(id, 0, at, Event.Kind.PAUSE_REQUESTED, attempt, "pause requested");
            case CANCEL -> new Event(id, 0, at, Event.Kind.CANCEL_REQUESTED, attempt, "cancel requested");
            case DELETE -> new Event(id, 0, at, Event.Kind.CANCEL_REQUESTED, attempt, "delete requested");
        };
    }
}
