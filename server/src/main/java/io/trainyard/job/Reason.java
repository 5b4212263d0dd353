package io.trainyard.job;

/**
 * Why a job waits: a type to switch on and a sentence to read.
 *
 * @param sentence for people; scheduler texts vary with every look, so compare reasons with {@link #sameAs}
 */
public record Reason(Kind kind, String sentence) {
    public static final Reason JUST_SUBMITTED = new Reason(Kind.ADMISSION, "waiting for its turn");
    public static final Reason STARTING = new Reason(Kind.STARTING, "starting");
    public static final Reason UNANSWERED = new Reason(Kind.UNANSWERED, "the backend was told to start it");

    public enum Kind {
        ADMISSION,
        SLOT,
        RETRY,
        STARTING,
        UNANSWERED,
        INITIALISING,
        IMAGE_PULL,
        NO_CAPACITY,
        SCALING_UP,
        NO_SUCH_NODE,
        GATED,
        QUEUE,
        QUOTA,
        VOLUME,
        NETWORK,
        CONFIGURATION,
        CRASH_LOOP,
        CONTROLLER_SILENT,
        TERMINATING
    }

    /** Whether nothing of it runs now, whatever ran before: its machines were taken back, or it is between two starts. */
    public boolean heldBack() {
        return kind == Kind.GATED || kind == Kind.QUEUE || kind == Kind.CRASH_LOOP;
    }

    /** Equal but for numbers, which change at every look of a scheduler and would flood the history. */
    public boolean sameAs(Reason other) {
        return kind == other.kind && normalised(sentence).equals(normalised(other.sentence));
    }

    private static String normalised(String text) {
        return text.replaceAll("[0-9]+", "#");
    }
}
