package io.trainyard.cli.api;

import java.util.Locale;

/** Where a job stands, in the words of the server's own API. */
public enum State {
    QUEUED,
    LAUNCHING,
    RUNNING,
    STOPPING,
    PAUSED,
    SUCCEEDED,
    FAILED,
    CANCELLED,
    RENDERED;

    static State of(String word) {
        for (State state : values()) if (state.word().equals(word)) return state;
        throw new OutOfReach("The server knows a job state that this command line does not: " + word);
    }

    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    public boolean ended() {
        return this.compareTo(SUCCEEDED) >= 0;
    }

    /** Whether what was asked for came about; a rendered manifest did. */
    public boolean good() {
        return this == SUCCEEDED || this == RENDERED;
    }
}
