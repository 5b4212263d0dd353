package io.trainyard.job;

/** What the owner of a job wants; recorded by admission, fulfilled by the reconciler. */
public enum Wish {
    RUN,
    PAUSE,
    CANCEL,
    DELETE;

    /** Whether the job's outcome is decided: {@code Cancelled}, whatever its exit says. */
    public boolean ends() {
        return this == CANCEL || this == DELETE;
    }
}
