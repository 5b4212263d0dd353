package io.trainyard.spec;

import java.time.Duration;
import java.util.Optional;

/**
 * How long, how often and how urgently.
 *
 * @param maxDuration of running, over all attempts, without queue and pause
 * @param infrastructureAttempts attempts in all when the machines were to blame
 * @param userRetries further attempts when the job itself was to blame
 * @param priority higher goes first
 */
public record Policy(
        Optional<Duration> maxDuration,
        int infrastructureAttempts,
        int userRetries,
        Optional<Duration> grace,
        int priority) {
    public static final Policy DEFAULT = new Policy(Optional.empty(), 3, 0, Optional.empty(), 0);

    public Policy {
        if (infrastructureAttempts < 1 || userRetries < 0)
            throw new IllegalArgumentException(
                    "infrastructureAttempts %d, userRetries %d".formatted(infrastructureAttempts, userRetries));
    }
}
