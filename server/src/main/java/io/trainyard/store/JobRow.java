package io.trainyard.store;

import io.trainyard.job.Identity;
import io.trainyard.job.Job;
import io.trainyard.job.JobId;
import io.trainyard.job.JobState;
import io.trainyard.job.Wish;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.Optional;

/** A job as its columns, so that the writer need not decode what its caller can decode for itself. */
record JobRow(
        long arrival,
        String id,
        Identity identity,
        String backend,
        String wishWord,
        String state,
        long version,
        Instant created,
        Instant updated,
        Duration ran,
        int failures,
        int userFailures,
        Optional<String> retryOf,
        JobRows.Body body) {
    static final String COLUMNS = """
            j.arrival, j.id, j.project, j.contract, j.service, j.client_id, j.generation, j.backend, j.wish, j.state,
            j.version, j.created, j.updated, j.ran, j.failures, j.user_failures, j.retry_of\
            """;

    static JobRow read(ResultSet row, JobRows.Body body) throws SQLException {
        return new JobRow(
                row.getLong(1),
                row.getString(2),
                new Identity(row.getString(3), row.getString(4), row.getString(5), Session.text(row, 6), row.getInt(7)),
                row.getString(8),
                row.getString(9),
                row.getString(10),
                row.getLong(11),
                Session.instant(row, 12),
                Session.instant(row, 13),
                Duration.ofNanos(row.getLong(14)),
                row.getInt(15),
                row.getInt(16),
                Session.text(row, 17),
                body);
    }

    Job job() {
        return new Job(
                new JobId(id),
                identity,
                body.spec(),
                body.request(),
                body.warnings(),
                backend,
                wish(),
                jobState(),
                version,
                created,
                updated,
                ran,
                failures,
                userFailures,
                retryOf.map(JobId::new));
    }

    Wish wish() {
        return Wish.valueOf(wishWord.toUpperCase(Locale.ROOT));
    }

    JobState jobState() {
        return Codec.INSTANCE.state.read(state);
    }

    boolean asked(byte[] other) {
        return body.asked(other);
    }

    static String word(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }
}
