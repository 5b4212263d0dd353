package io.trainyard.store;

import io.trainyard.job.JobState;
import io.trainyard.job.Outcome;
import java.util.Locale;

/** The state of a job as one word: the column that is searched by, and the word of our own API. */
public enum StateWord {
    QUEUED,
    LAUNCHING,
    RUNNING,
    STOPPING,
    PAUSED,
    SUCCEEDED,
    FAILED,
    CANCELLED,
    RENDERED;

    public static StateWord of(JobState state) {
        return switch (state) {
            case JobState.Queued _ -> QUEUED;
            case JobState.Launching _ -> LAUNCHING;
            case JobState.Running _ -> RUNNING;
            case JobState.Stopping _ -> STOPPING;
            case JobState.Paused _ -> PAUSED;
            case JobState.Done done ->
                switch (done.outcome()) {
                    case Outcome.Succeeded _ -> SUCCEEDED;
                    case Outcome.Failed _ -> FAILED;
                    case Outcome.Cancelled _ -> CANCELLED;
                    case Outcome.Rendered _ -> RENDERED;
                };
        };
    }

    public boolean ended() {
        return this.compareTo(SUCCEEDED) >= 0;
    }

    /** As it stands in answers: lower case. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
