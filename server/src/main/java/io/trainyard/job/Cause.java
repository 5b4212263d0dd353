package io.trainyard.job;

/**
 * Why an attempt failed. The kind decides whether it is tried again; the rows of the cluster's cause table
 * (out of memory, evicted, no image, …) each have one.
 */
public enum Cause {
    OUT_OF_MEMORY(Kind.USER),
    EXIT_CODE(Kind.USER),
    SIGNAL(Kind.USER),
    BAD_COMMAND(Kind.USER),
    BAD_CONFIGURATION(Kind.USER),
    BAD_DATA(Kind.USER),
    UNSUPPORTED(Kind.USER),
    STORAGE(Kind.USER),
    DEADLINE(Kind.USER),
    IMAGE(Kind.USER),
    CONTAINER_CONFIGURATION(Kind.USER),
    CRASH_LOOP(Kind.USER),
    UNSCHEDULABLE(Kind.USER),
    QUOTA(Kind.USER),
    NEVER_FITS(Kind.USER),
    REFUSED(Kind.USER),
    STALLED(Kind.USER),
    EVICTED(Kind.INFRASTRUCTURE),
    PREEMPTED(Kind.INFRASTRUCTURE),
    NODE_LOST(Kind.INFRASTRUCTURE),
    NODE_SHUTDOWN(Kind.INFRASTRUCTURE),
    NODE_REFUSED(Kind.INFRASTRUCTURE),
    VOLUME(Kind.INFRASTRUCTURE),
    NETWORK(Kind.INFRASTRUCTURE),
    CONTROLLER_SILENT(Kind.INFRASTRUCTURE),
    INTERRUPTED(Kind.INFRASTRUCTURE),
    SUPERVISOR_LOST(Kind.INFRASTRUCTURE),
    VANISHED(Kind.INFRASTRUCTURE);

    public enum Kind {
        USER,
        INFRASTRUCTURE
    }

    private final Kind kind;

    Cause(Kind kind) {
        this.kind = kind;
    }

    public Kind kind() {
        return kind;
    }
}
