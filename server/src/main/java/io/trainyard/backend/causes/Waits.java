package io.trainyard.backend.causes;

import java.time.Duration;
import java.util.Optional;

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
