package io.trainyard.job;

import java.time.Duration;
import java.util.Optional;

/**
 * Whether a failed attempt is followed by another one, and when.
 *
 * @param delay until the next attempt; empty when there is none
 */
record Retry(Optional<Duration> delay, int failures, int userFailures) {
    static final Duration FIRST_DELAY = Duration.ofSeconds(10);
    static final int FACTOR = 3;
    /** A run of this length was healthy: what failed before it no longer counts. */
    static final Duration RESET_AFTER = Duration.ofMinutes(10);

    static Retry after(Job job, Attempt attempt, Cause cause, Duration ran) {
        var policy = job.spec().policy();
        return switch (cause.kind()) {
            case INFRASTRUCTURE -> {
                int failures = (ran.compareTo(RESET_AFTER) >= 0 ? 0 : job.failures()) + 1;
                yield new Retry(
                        delay(attempt, failures, policy.infrastructureAttempts() - 1), failures, job.userFailures());
            }
            case USER -> {
                int failures = job.userFailures() + 1;
                // A run past its time limit has used up what it was given: another try would end the same way.
                int retries = cause == Cause.DEADLINE ? 0 : policy.userRetries();
                yield new Retry(delay(attempt, failures, retries), job.failures(), failures);
            }
        };
    }

    private static Optional<Duration> delay(Attempt attempt, int failures, int retries) {
        if (failures > retries) return Optional.empty();
        double base = FIRST_DELAY.toMillis() * Math.pow(FACTOR, failures - 1);
        return Optional.of(Duration.ofMillis((long) (base * jitter(attempt))));
    }

    /** 0.8 to 1.2, the same for the same attempt: the rules stay pure and a herd still spreads. */
    private static double jitter(Attempt attempt) {
        return 0.8 + 0.4 * Math.floorMod((attempt.job().value() + attempt.number()).hashCode(), 1000) / 1000.0;
    }
}
