package io.trainyard.store;

import io.trainyard.job.JobId;
import io.trainyard.job.Progress;
import io.trainyard.store.Store.Change;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;

record MemoryMetrics(MemoryStore store) implements Metrics {
    @Override
    public void append(JobId job, List<Point> points) {
        if (points.isEmpty()) return;
        store.change(job, Change.Kind.PROGRESS, entry -> {
            for (Point point : points)
                entry.series
                        .computeIfAbsent(point.name(), _ -> new TreeMap<>())
                        .computeIfAbsent(point.attempt(), _ -> new ArrayList<>())
                        .add(point);
        });
    }

    @Override
    public List<String> names(JobId job) {
        return store.at(job, List.of(), entry -> List.copyOf(entry.series.keySet()));
    }

    @Override
    public List<Point> read(JobId job, String name, long fromStep, int limit) {
        return store.at(
                job,
                List.of(),
                entry -> entry.series.getOrDefault(name, new TreeMap<>()).values().stream()
                        .flatMap(List::stream)
                        .filter(point -> point.step() >= fromStep)
                        .limit(limit)
                        .toList());
    }

    @Override
    public void progress(JobId job, Progress progress) {
        store.change(job, Change.Kind.PROGRESS, entry -> entry.progress = Optional.of(progress));
    }

    @Override
    public Optional<Progress> progress(JobId job) {
        return store.at(job, Optional.empty(), entry -> entry.progress);
    }
}
