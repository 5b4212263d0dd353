package io.trainyard.progress;

import io.trainyard.job.Event;
import io.trainyard.job.JobId;
import io.trainyard.job.Progress;
import io.trainyard.store.Metrics.Point;
import io.trainyard.store.Store;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Takes what trainers tell, keeps every point of every series, and the newest state of each job. */
public final class ProgressIntake {
    private final Store store;

    public ProgressIntake(Store store) {
        this.store = store;
    }

    /** A line of output, with the moment it was read. */
    public record Heard(Instant at, String text) {}

    /** What an attempt printed, in order. Lines that tell nothing cost next to nothing. */
    public void lines(JobId job, int attempt, List<Heard> lines) {
        var points = new ArrayList<Point>();
        Optional<Progress> before = Optional.empty();
        Optional<Progress> now = Optional.empty();
        for (Heard line : lines) {
            Optional<Told> told = Lines.read(line.text());
            if (told.isEmpty()) continue;
            if (before.isEmpty()) {
                before = Optional.of(current(job, attempt, line.at()));
                now = before;
            }
            now = Optional.of(take(job, now.orElseThrow(), told.get(), line.at(), points));
        }
        if (!points.isEmpty()) store.metrics().append(job, points);
        if (!now.equals(before)) now.ifPresent(progress -> store.metrics().progress(job, progress));
    }

    private Progress current(JobId job, int attempt, Instant at) {
        return store.metrics()
                .progress(job)
                .filter(progress -> progress.attempt() == attempt)
                .orElse(new Progress(attempt, 0, Optional.empty(), Optional.empty(), Optional.empty(), Map.of(), at));
    }

    private Progress take(JobId job, Progress before, Told told, Instant at, List<Point> points) {
        return switch (told) {
            case Told.Stepped step -> {
                long number = step.step().orElse(before.step() + 1);
                if (number <= before.step()) yield before; // read again after a crash
                points(points, before.attempt(), number, step.values(), at);
                yield new Progress(
                        before.attempt(),
                        number,
                        step.totalSteps().or(before::totalSteps),
                        step.remaining().or(before::remaining),
                        before.checkpointStep(),
                        merged(before.latest(), step.values()),
                        at);
            }
            case Told.Evaluated evaluated -> {
                points(points, before.attempt(), evaluated.step().orElse(before.step()), evaluated.values(), at);
                yield new Progress(
                        before.attempt(),
                        before.step(),
                        before.totalSteps(),
                        before.remaining(),
                        before.checkpointStep(),
                        merged(before.latest(), evaluated.values()),
                        at);
            }
            case Told.Checkpoint checkpoint -> {
                say(job, before.attempt(), Event.Kind.CHECKPOINT, "checkpoint at step " + checkpoint.step(), at);
                yield new Progress(
                        before.attempt(),
                        before.step(),
                        before.totalSteps(),
                        before.remaining(),
                        Optional.of(checkpoint.step()),
                        before.latest(),
                        at);
            }
            case Told.Warning warning -> {
                say(job, before.attempt(), Event.Kind.WARNING, warning.message(), at);
                yield before;
            }
        };
    }

    private void say(JobId job, int attempt, Event.Kind kind, String message, Instant at) {
        store.events().append(new Event(job, 0, at, kind, Optional.of(attempt), message));
    }

    /**
     * A push of the trainer status protocol: the newest state, sampled by the sender. Its percentage follows from the
     * steps, which it carries among its metrics.
     */
    public void pushed(JobId job, int attempt, Optional<Duration> remaining, Map<String, Double> metrics, Instant at) {
        Progress before = current(job, attempt, at);
        long step = metrics.getOrDefault("current_step", (double) before.step()).longValue();
        Optional<Long> total = Optional.ofNullable(metrics.get("total_steps"))
                .map(Double::longValue)
                .or(before::totalSteps);
        Map<String, Double> values = new HashMap<>(metrics);
        values.keySet().removeAll(List.of("current_step", "total_steps"));
        // Our own trainer prints every step and pushes samples of the same: only what is ahead of the lines adds
        // points.
        if (step > before.step()) {
            var points = new ArrayList<Point>();
            points(points, attempt, step, values, at);
            store.metrics().append(job, points);
        }
        store.metrics()
                .progress(
                        job,
                        new Progress(
                                attempt,
                                Math.max(step, before.step()),
                                total,
                                remaining.or(before::remaining),
                                before.checkpointStep(),
                                merged(before.latest(), values),
                                at));
    }

    private static void points(List<Point> points, int attempt, long step, Map<String, Double> values, Instant at) {
        values.forEach((name, value) -> points.add(new Point(name, attempt, step, value, at)));
    }

    private static Map<String, Double> merged(Map<String, Double> before, Map<String, Double> newer) {
        var merged = new HashMap<>(before);
        merged.putAll(newer);
        return merged;
    }
}
