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
    public Page page(JobId job, String name, Place from, int limit) {
        return store.at(job, new Page(List.of(), Optional.empty()), entry -> {
            var points = new ArrayList<Point>();
            for (var series : entry.series
                    .getOrDefault(name, new TreeMap<>())
                    .tailMap(from.attempt())
                    .entrySet()) {
                long skipped = series.getKey() == from.attempt() ? from.points() : 0;
                for (Point point : series.getValue().stream().skip(skipped).toList()) {
                    if (points.size() == limit)
                        return new Page(points, Optional.of(new Place(series.getKey(), skipped)));
                    points.add(point);
                    skipped++;
                }
            }
            return new Page(points, Optional.empty());
        });
    }

    @Override
    public long count(JobId job, String name) {
        return store.at(
                job,
                0L,
                entry -> entry.series.getOrDefault(name, new TreeMap<>()).values().stream()
                        .mapToLong(List::size)
                        .sum());
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
