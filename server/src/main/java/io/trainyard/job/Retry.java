package io.trainyard.job;

import java.time.Duration;
import java.util.Optional;

/**
 * Whether a failed attempt is followed by another one, and when.
 *
 * @param delay until the next attempt; empty when there is none
 */
record Retry(Optional<Duration> delay, int failures, int userFailures) {
    static Retry after(Job job, Attempt attempt, Cause cause, Duration ran, Backoff backoff) {
        var policy = job.spec().policy();
        int most = backoff.mostAttempts() - 1;
        return switch (cause.kind()) {
            case INFRASTRUCTURE -> {
                int failures = (ran.compareTo(backoff.healthy()) >= 0 ? 0 : job.failures()) + 1;
                int retries = Math.min(most, policy.infrastructureAttempts() - 1);
                yield new Retry(delay(attempt, failures, retries, backoff), failures, job.userFailures());
            }
            case USER -> {
                int failures = job.userFailures() + 1;
                // A run past its time limit has used up what it was given: another try would end the same way.
                int retries = cause == Cause.DEADLINE ? 0 : Math.min(most, policy.userRetries());
                yield new Retry(delay(attempt, failures, retries, backoff), job.failures(), failures);
            }
        };
    }

    private static Optional<Duration> delay(Attempt attempt, int failures, int retries, Backoff backoff) {
        if (failures > retries) return Optional.empty();
        double millis = backoff.after(failures).toMillis() * jitter(attempt);
        return Optional.of(Duration.ofMillis((long) millis));
    }

    /** 0.8 to 1.2, the same for the same attempt: the rules stay pure and a herd still spreads. */
    private static double jitter(Attempt attempt) {
        return 0.8 + 0.4 * Math.floorMod((attempt.job().value() + attempt.number()).hashCode(), 1000) / 1000.0;
    }
}
