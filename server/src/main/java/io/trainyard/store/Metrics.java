package io.trainyard.store;

import io.trainyard.job.JobId;
import io.trainyard.job.Progress;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * Loss curves and other measured series, every point kept, in compressed chunks; and the latest progress. What comes
 * for a job that is not there is ignored.
 */
public interface Metrics {
    record Point(String name, int attempt, long step, double value, Instant at) {}

    void append(JobId job, List<Point> points);

    /** Names with at least one point. */
    List<String> names(JobId job);

    /** Points of one series from a step on, by attempt and then in order of arrival. */
    List<Point> read(JobId job, String name, long fromStep, int limit);

    void progress(JobId job, Progress progress);

    Optional<Progress> progress(JobId job);
}
