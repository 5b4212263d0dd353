package io.trainyard.store;

import io.trainyard.job.JobId;
import io.trainyard.store.Store.Change;
import java.util.List;

record MemoryLogs(MemoryStore store) implements Logs {
    @Override
    public long position(Source source) {
        return store.at(source.job(), 0L, entry -> entry.positions.getOrDefault(source, 0L));
    }

    @Override
    public void append(Source source, List<NewLine> lines, long nextPosition) {
        store.change(source.job(), Change.Kind.LOG, entry -> {
            for (NewLine line : lines)
                entry.lines.add(new Line(
                        entry.lines.size() + 1,
                        line.at(),
                        source.attempt(),
                        source.rank(),
                        source.stream(),
                        line.text()));
            entry.positions.put(source, nextPosition);
        });
    }

    @Override
    public List<Line> read(JobId job, long fromNumber, int limit) {
        return store.at(
                job,
                List.of(),
                entry -> entry.lines.stream()
                        .skip(Math.max(0, fromNumber - 1))
                        .limit(limit)
                        .toList());
    }

    @Override
    public long last(JobId job) {
        return store.at(job, 0L, entry -> (long) entry.lines.size());
    }
}
