package io.trainyard.cli.api;

import java.time.Duration;

/**
 * How patient we are.
 *
 * @param look between two looks at a job that is being followed
 * @param retry before the first new try after a lost connection; doubles each time
 * @param giveUp how long a server may be out of reach before we say so and stop
 */
public record Pace(Duration look, Duration retry, Duration giveUp) {
    public static final Pace USUAL = new Pace(Duration.ofSeconds(1), Duration.ofMillis(200), Duration.ofSeconds(60));
    private static final Duration LONGEST_RETRY = Duration.ofSeconds(5);

    Duration slower(Duration wait) {
        Duration doubled = wait.multipliedBy(2);
        return doubled.compareTo(LONGEST_RETRY) > 0 ? LONGEST_RETRY : doubled;
    }

    /** Waits; an interrupt ends the wait early and stays set. */
    public static void rest(Duration wait) {
        try {
            Thread.sleep(wait);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
