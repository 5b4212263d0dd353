package io.trainyard.store;

import io.trainyard.job.JobId;
import java.time.Instant;
import java.util.List;

/**
 * Log lines of jobs, numbered from 1 per job over ranks, attempts and streams. The position in the source is written
 * with the lines: after a crash the source is read again from there, so nothing is lost and nothing doubled. What comes
 * for a job that is not there is ignored.
 */
public interface Logs {
    /** @param stream {@code stdout} or {@code stderr} */
    record Source(JobId job, int attempt, int rank, String stream) {}

    record Line(long number, Instant at, int attempt, int rank, String stream, String text) {}

    /** A line as it came, not yet numbered. */
    record NewLine(Instant at, String text) {}

    /** Where to read on in this source; 0 at first. */
    long position(Source source);

    void append(Source source, List<NewLine> lines, long nextPosition);

    /** Lines from this number on, in order. */
    List<Line> read(JobId job, long fromNumber, int limit);

    /** The number of the last line; 0 when there is none. */
    long last(JobId job);
}
