package io.trainyard.job;

import java.time.Duration;

/**
 * How soon and how often an attempt is followed by another one; what a job itself asks for counts within these limits.
 *
 * @param first wait after a failure
 * @param factor by which each further wait is longer
 * @param longest wait, however often it failed
 * @param healthy length of a run after which what failed before no longer counts
 * @param mostAttempts of any job when the machines were to blame, or itself
 */
public record Backoff(Duration first, int factor, Duration longest, Duration healthy, int mostAttempts) {
    public static final Backoff DEFAULT =
            new Backoff(Duration.ofSeconds(10), 3, Duration.ofHours(1), Duration.ofMinutes(10), 100);

    public Backoff {
        if (!first.isPositive() || factor < 1 || longest.compareTo(first) < 0 || mostAttempts < 1)
            throw new IllegalArgumentException(
                    "first %s, factor %d, longest %s, mostAttempts %d".formatted(first, factor, longest, mostAttempts));
    }

    /** @param failures in a row, from 1 */
    Duration after(int failures) {
        double millis = first.toMillis() * Math.pow(factor, failures - 1.0);
        return Duration.ofMillis((long) Math.min(millis, (double) longest.toMillis()));
    }
}
