package io.trainyard.store;

import io.trainyard.job.Identity;
import io.trainyard.job.Job;
import io.trainyard.job.JobId;
import io.trainyard.spec.JobSpec;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Finds jobs. The half of a job that never changes, and that costs most to read and decode, is kept while it is in use:
 * a job is looked at a dozen times on its way, and by everybody who polls it.
 */
final class JobRows {
    private static final int MAX_KEPT = 512;
    private static final int MAX_KEPT_CHARACTERS = 64 * 1024;

    private final LinkedHashMap<Long, Body> kept = new LinkedHashMap<>(MAX_KEPT, 0.75f, true);

    /** What was asked; as its columns until somebody wants more of it than the request. */
    static final class Body {
        private final byte[] fingerprint;
        private final String request;
        private final int size;
        private final Supplier<Decoded> columns;

        @Nullable
        private volatile Decoded decoded;

        private record Decoded(JobSpec spec, List<String> warnings) {}

        private Body(byte[] fingerprint, String warningsColumn, byte[] specColumn, String request) {
            this.fingerprint = fingerprint;
            this.request = request;
            this.size = request.length() + specColumn.length + warningsColumn.length();
            this.columns =
                    () -> new Decoded(Codec.INSTANCE.spec.read(specColumn), Codec.INSTANCE.texts.read(warningsColumn));
        }

        /** @param specBytes how long its column is */
        Body(byte[] fingerprint, Job job, int specBytes) {
            this.fingerprint = fingerprint;
            this.request = job.request();
            this.size = request.length() + specBytes;
            var known = new Decoded(job.spec(), job.warnings());
            this.decoded = known;
            this.columns = () -> known;
        }

        String request() {
            return request;
        }

        JobSpec spec() {
            return decoded().spec;
        }

        List<String> warnings() {
            return decoded().warnings;
        }

        boolean asked(byte[] other) {
            return Arrays.equals(fingerprint, other);
        }

        /** Two threads at once do it twice, to the same effect. */
        private Decoded decoded() {
            Decoded known = decoded;
            if (known != null) return known;
            Decoded fresh = columns.get();
            decoded = fresh;
            return fresh;
        }
    }

    Optional<JobRow> byId(Session session, JobId id) throws SQLException {
        return session.first("SELECT " + JobRow.COLUMNS + " FROM jobs j WHERE j.id = ?", reading(session), id.value());
    }

    /** Whether there is a {@link #newest}, for half its price: most ids that come are new. */
    boolean knows(Session session, Identity identity) throws SQLException {
        return session.first(
                        "SELECT 1 FROM jobs WHERE project = ? AND contract = ? AND service = ? AND client_id = ? LIMIT 1",
                        _ -> true,
                        identity.project(),
                        identity.contract(),
                        identity.service(),
                        identity.clientId().orElse(null))
                .isPresent();
    }

    Optional<JobRow> newest(Session session, Identity identity) throws SQLException {
        return session.first(
                "SELECT " + JobRow.COLUMNS + """
                 FROM jobs j
                WHERE j.project = ? AND j.contract = ? AND j.service = ? AND j.client_id = ?
                ORDER BY j.generation DESC
                LIMIT 1
                """,
                reading(session),
                identity.project(),
                identity.contract(),
                identity.service(),
                identity.clientId().orElse(null));
    }

    /** Reads a row of {@link JobRow#COLUMNS}. */
    Session.Reading<JobRow> reading(Session session) {
        return row -> JobRow.read(row, body(session, row.getLong(1)));
    }

    private Body body(Session session, long arrival) throws SQLException {
        Body known;
        synchronized (kept) {
            known = kept.get(arrival);
        }
        if (known != null) return known;
        Body found = session.first(
                        "SELECT fingerprint, warnings, spec, request FROM bodies WHERE job = ?",
                        row -> new Body(row.getBytes(1), row.getString(2), row.getBytes(3), row.getString(4)),
                        arrival)
                .orElseThrow(() -> new IllegalStateException("job " + arrival + " has no body"));
        keep(arrival, found);
        return found;
    }

    /** Arrivals are never used again while the server lives, not even those of a transaction that was rolled back. */
    void keep(long arrival, Body body) {
        if (body.size > MAX_KEPT_CHARACTERS) return;
        synchronized (kept) {
            kept.put(arrival, body);
            if (kept.size() > MAX_KEPT) kept.pollFirstEntry();
        }
    }

    void forget(long arrival) {
        synchronized (kept) {
            kept.remove(arrival);
        }
    }
}
