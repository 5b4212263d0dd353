package io.trainyard.progress;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/** One thing a trainer tells about its run. */
sealed interface Told {
    /** @param step absent when the line does not say: it is then the one after the last known */
    record Stepped(
            Optional<Long> step, Optional<Long> totalSteps, Optional<Duration> remaining, Map<String, Double> values)
            implements Told {}

    record Evaluated(Optional<Long> step, Map<String, Double> values) implements Told {}

    record Checkpoint(long step, String uri) implements Told {}

    record Warning(String message) implements Told {}
}
