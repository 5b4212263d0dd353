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

    /**
     * A place in one series: behind so many points of this attempt and behind all earlier attempts. Points are only
     * ever added at the end of an attempt, so a place stays what it is.
     */
    record Place(int attempt, long points) {
        public static final Place START = new Place(0, 0);
    }

    /** @param next where to read on; empty when there was no more */
    record Page(List<Point> points, Optional<Place> next) {}

    /** Like {@link #read}, from a place on; a page never holds more of the series in memory than it answers. */
    Page page(JobId job, String name, Place from, int limit);

    /** How many points a series has. */
    long count(JobId job, String name);

    void progress(JobId job, Progress progress);

    Optional<Progress> progress(JobId job);
}
