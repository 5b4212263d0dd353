package io.trainyard.backend.local;

import io.trainyard.job.Handle;
import java.time.Duration;

/** Which process the shim of an attempt is, on which machine and in which boot of it. */
record Supervisor(String hostId, String bootId, long pid, long startTicks) {
    static final String KIND = "Process";

    Handle handle() {
        return new Handle(hostId, KIND, bootId, Long.toString(pid), Long.toString(startTicks));
    }

    /** Time since boot at which it started. */
    Duration started() {
        return Duration.ofMillis(startTicks * 1000 / ProcessTable.TICKS_PER_SECOND);
    }
}
