package io.trainyard.backend.setup;

import java.util.Locale;

/**
 * What became of one object.
 *
 * @param what kind and name, with the namespace where it has one
 * @param detail why, and what to do; empty when there is nothing to say
 */
public record Step(Outcome outcome, String what, String detail) {
    /** In the order of how much somebody has to do about it. */
    public enum Outcome {
        UNCHANGED,
        CREATED,
        CHANGED,
        REMOVED,
        SKIPPED,
        MISSING,
        REFUSED;

        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    public boolean well() {
        return outcome != Outcome.MISSING && outcome != Outcome.REFUSED;
    }
}
