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
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Takes what trainers tell, keeps every point of every series, and the newest state of each job. */
public final class ProgressIntake {
    private static final int TURNS = 64;

    private final Store store;
    /** Lines and pushes of a job come on threads of their own, and each reads what is known before it adds. */
    private final List<ReentrantLock> turns =
            Stream.generate(ReentrantLock::new).limit(TURNS).toList();

    public ProgressIntake(Store store) {
        this.store = store;
    }

    /** A line of output, with the moment it was read. */
    public record Heard(Instant at, String text) {}

    /** What an attempt printed, in order. Lines that tell nothing cost next to nothing. */
    public void lines(JobId job, int attempt, List<Heard> lines) {
        inTurn(job, () -> heard(job, attempt, lines));
    }

    /** Numbers that come neither as a line nor by the status protocol; without a step they belong to the present one. */
    public void measured(JobId job, int attempt, Optional<Long> step, Map<String, Double> values, Instant at) {
        Told told = step.isPresent()
                ? new Told.Stepped(step, Optional.empty(), Optional.empty(), values)
                : new Told.Evaluated(step, values);
        inTurn(job, () -> told(job, attempt, told, at));
    }

    /** A checkpoint that a trainer speaks of in another way than by a line. */
    public void checkpoint(JobId job, int attempt, long step, String uri, Instant at) {
        inTurn(job, () -> told(job, attempt, new Told.Checkpoint(step, uri), at));
    }

    private void told(JobId job, int attempt, Told told, Instant at) {
        var points = new ArrayList<Point>();
        Progress before = current(job, attempt, at);
        Progress now = take(job, before, told, at, points, new Known(job, attempt));
        if (!now.equals(before)) store.metrics().progress(job, now);
        if (!points.isEmpty()) store.metrics().append(job, points);
    }

    private void inTurn(JobId job, Runnable verb) {
        var turn = turns.get(Math.floorMod(job.hashCode(), TURNS));
        turn.lock();
        try {
            verb.run();
        } finally {
            turn.unlock();
        }
    }

    private void heard(JobId job, int attempt, List<Heard> lines) {
        var points = new ArrayList<Point>();
        var known = new Known(job, attempt);
        Optional<Progress> before = Optional.empty();
        Optional<Progress> now = Optional.empty();
        for (Heard line : lines) {
            Optional<Told> told = Lines.read(line.text());
            if (told.isEmpty()) continue;
            if (before.isEmpty()) {
                before = Optional.of(current(job, attempt, line.at()));
                now = before;
            }
            now = Optional.of(take(job, now.orElseThrow(), told.get(), line.at(), points, known));
        }
        // In this order: what a crash in between leaves out is behind the known step, and added when it is read again.
        if (!now.equals(before)) now.ifPresent(progress -> store.metrics().progress(job, progress));
        if (!points.isEmpty()) store.metrics().append(job, points);
    }

    private Progress current(JobId job, int attempt, Instant at) {
        return store.metrics()
                .progress(job)
                .filter(progress -> progress.attempt() == attempt)
                .orElse(new Progress(attempt, 0, Optional.empty(), Optional.empty(), Optional.empty(), Map.of(), at));
    }

    private Progress take(JobId job, Progress before, Told told, Instant at, List<Point> points, Known known) {
        return switch (told) {
            case Told.Stepped step -> {
                long number = step.step().orElse(before.step() + 1);
                if (number <= before.step()) {
                    // Read again after a crash, or a push was faster than the lines.
                    points(points, before.attempt(), number, known.without(number, step.values()), at);
                    yield before;
                }
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
                long number = evaluated.step().orElse(before.step());
                // Without a number it cannot be told from a second look at the same step, which must be kept.
                var values =
                        evaluated.step().isPresent() ? known.without(number, evaluated.values()) : evaluated.values();
                points(points, before.attempt(), number, values, at);
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
                if (before.checkpointStep()
                        .filter(last -> last >= checkpoint.step())
                        .isPresent()) yield before;
                String place = checkpoint.uri().isEmpty() ? "" : ": " + checkpoint.uri();
                String message = "checkpoint at step " + checkpoint.step() + place;
                say(job, before.attempt(), Event.Kind.CHECKPOINT, message, at);
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

    /** The points an attempt has already, looked up only when a step comes that may be one of them. */
    private final class Known {
        private final JobId job;
        private final int attempt;
        private final Map<String, Set<Long>> steps = new HashMap<>();

        Known(JobId job, int attempt) {
            this.job = job;
            this.attempt = attempt;
        }

        Map<String, Double> without(long step, Map<String, Double> values) {
            var unknown = new HashMap<>(values);
            unknown.keySet().removeIf(name -> !steps(name).add(step));
            return unknown;
        }

        private Set<Long> steps(String name) {
            return steps.computeIfAbsent(
                    name,
                    _ -> store.metrics().read(job, name, 0, Integer.MAX_VALUE).stream()
                            .filter(point -> point.attempt() == attempt)
                            .map(Point::step)
                            .collect(Collectors.toSet()));
        }
    }

    private void say(JobId job, int attempt, Event.Kind kind, String message, Instant at) {
        store.events().append(new Event(job, 0, at, kind, Optional.of(attempt), message));
    }

    /**
     * A push of the trainer status protocol: the newest state, sampled by the sender. Its percentage follows from the
     * steps, which it carries among its metrics.
     */
    public void pushed(JobId job, int attempt, Optional<Duration> remaining, Map<String, Double> metrics, Instant at) {
        inTurn(job, () -> told(job, attempt, remaining, metrics, at));
    }

    private void told(JobId job, int attempt, Optional<Duration> remaining, Map<String, Double> metrics, Instant at) {
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
