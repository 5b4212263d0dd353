package io.trainyard.backend;

import java.util.List;

/** What the world says to a job that is about to be accepted. */
public sealed interface Check {
    record Passed() implements Check {}

    record Objected(List<String> objections) implements Check {
        public Objected {
            objections = List.copyOf(objections);
        }
    }

    /** Nobody answered in time: the job is accepted and will wait. */
    record Unknown(String why) implements Check {}
}
