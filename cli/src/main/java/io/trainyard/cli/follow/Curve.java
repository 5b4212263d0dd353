package io.trainyard.cli.follow;

import io.trainyard.cli.api.Job;
import io.trainyard.cli.api.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/** The loss so far: the history once, then one point for each new step that is seen. */
final class Curve {
    private static final List<String> NAMES = List.of("loss", "train_loss", "box_loss");

    private final List<Double> values = new ArrayList<>();
    private long lastStep = -1;

    void history(JsonNode metrics) {
        JsonNode series = metrics.path("series").path(0);
        List<Double> history = new ArrayList<>();
        for (JsonNode point : series.path("points")) {
            Json.number(point, "value").ifPresent(history::add);
            lastStep = Json.whole(point, "step").orElse(lastStep);
        }
        if (history.size() < values.size()) return;
        values.clear();
        values.addAll(history);
    }

    void see(Job.Progress progress) {
        if (progress.step() == lastStep) return;
        Optional<Double> loss = of(progress.metrics());
        loss.ifPresent(values::add);
        lastStep = progress.step();
    }

    private static Optional<Double> of(Map<String, Double> metrics) {
        return NAMES.stream().filter(metrics::containsKey).map(metrics::get).findFirst();
    }

    List<Double> values() {
        return List.copyOf(values);
    }

    Optional<Double> last() {
        return values.isEmpty() ? Optional.empty() : Optional.of(values.getLast());
    }
}
