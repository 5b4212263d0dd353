package io.trainyard.backend.pods;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * How attempts on a cluster are followed.
 *
 * @param home what is kept of live attempts lies below it
 * @param reachable whether pods can reach this server under the address it knows of itself
 * @param logsSettle how long an end waits for output that cannot be read
 * @param keepFinished whether finished objects are left to the cluster's own clean-up
 */
public record PodsSettings(
        Path home, boolean reachable, Duration logsSettle, boolean keepFinished, Waits waits, Queueing queueing) {
    /** The queue of jobs that name none, and the priority class of all that are queued and name none. */
    public record Queueing(Optional<String> queue, Optional<String> priorityClass) {
        public static final Queueing NONE = new Queueing(Optional.empty(), Optional.empty());
    }

    /**
     * How long an attempt may wait for what is unlikely to come; absent: for ever.
     *
     * @param image that cannot be pulled
     * @param configuration that names what is not there
     * @param setUp volumes and networks that are not set up
     * @param refused pods that nobody may create: quota, policy, service account
     * @param deactivated by Kueue itself, which does not try it again
     * @param capacity for which there is no room
     */
    public record Waits(
            Duration image,
            Duration configuration,
            Duration setUp,
            Duration refused,
            Duration deactivated,
            Optional<Duration> capacity) {
        public static final Waits DEFAULT = new Waits(
                Duration.ofMinutes(10),
                Duration.ofMinutes(2),
                Duration.ofMinutes(15),
                Duration.ofMinutes(10),
                Duration.ofMinutes(10),
                Optional.empty());
    }
}
