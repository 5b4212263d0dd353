package io.trainyard.job;

import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/**
 * How far the training is, as last told.
 *
 * @param step finished optimizer steps
 * @param totalSteps absent while unknown
 * @param latest newest value of each metric, such as {@code loss}
 */
public record Progress(
        int attempt,
        long step,
        Optional<Long> totalSteps,
        Optional<Duration> remaining,
        Optional<Long> checkpointStep,
        Map<String, Double> latest,
        Instant at) {
    public Progress {
        latest = Map.copyOf(latest);
    }

    public Optional<Double> percentage() {
        return totalSteps.filter(total -> total > 0).map(total -> Math.min(100.0, 100.0 * step / total));
    }
}
