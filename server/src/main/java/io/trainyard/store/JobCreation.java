package io.trainyard.store;

import io.trainyard.job.Event;
import io.trainyard.job.Identity;
import io.trainyard.job.Job;
import io.trainyard.job.JobId;
import io.trainyard.store.Jobs.Creation;
import io.trainyard.store.Jobs.NewJob;
import io.trainyard.store.SqliteEvents.Counted;
import io.trainyard.store.Store.Change;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/** Writes a job down unless it was asked for before, by its client's id or under an Idempotency-Key. */
final class JobCreation {
    static final Duration KEY_LIFE = Duration.ofHours(24);
    private static final Duration BETWEEN_KEY_SWEEPS = Duration.ofMinutes(1);

    private final Writer writer;
    private final JobRows rows;
    private final InstantSource clock;
    // Both are touched by the writer's thread only.
    private long arrivals;
    private Instant nextKeySweep = Instant.MIN;

    JobCreation(Writer writer, JobRows rows, InstantSource clock, long lastArrival) {
        this.writer = writer;
        this.rows = rows;
        this.clock = clock;
        this.arrivals = lastArrival;
    }

    Creation create(NewJob wanted) {
        Job job = wanted.job();
        var body = new Body(
                Codec.INSTANCE.texts.write(job.warnings()),
                Codec.INSTANCE.spec.write(job.spec()),
                Codec.INSTANCE.state.write(job.state()),
                JobWrites.attempt(job.state()));
        Supplier<Creation> creation =
                writer.write((session, changes) -> create(session, changes, wanted, body, clock.instant()));
        return creation.get();
    }

    /** @param attempt empty without a live one */
    private record Body(String warnings, byte[] spec, String state, String attempt) {}

    private Supplier<Creation> create(Session session, List<Change> changes, NewJob wanted, Body body, Instant now)
            throws SQLException {
        Identity identity = wanted.job().identity();
        if (wanted.key().isPresent()) {
            var use = use(session, identity.project(), wanted.key().get(), now);
            if (use.isPresent()) return use.get();
        }
        Optional<JobRow> newest = rows.knows(session, identity) ? rows.newest(session, identity) : Optional.empty();
        if (newest.isPresent() && wanted.heldUpBy(newest.get().jobState())) {
            JobRow row = newest.get();
            if (!row.asked(wanted.fingerprint())) return () -> new Creation.ClientIdTaken(row.job());
            remember(session, wanted, row.arrival(), now);
            return () -> new Creation.Repeated(row.job());
        }
        Job job = newest.isPresent() ? wanted.job().asRetryOf(newest.get().job()) : wanted.job();
        changes.add(new Change(job, Change.Kind.CREATED));
        if (job.state().liveAttempt().isPresent()) changes.add(new Change(job, Change.Kind.STATE));
        long arrival = insert(session, changes, job, wanted, body, now);
        var kept = new JobRows.Body(wanted.fingerprint(), job, body.spec().length);
        return () -> {
            rows.keep(arrival, kept);
            return new Creation.Created(job);
        };
    }

    /** What a key was used for before. */
    private Optional<Supplier<Creation>> use(Session session, String project, Jobs.Key key, Instant now)
            throws SQLException {
        Instant oldest = now.minus(KEY_LIFE);
        if (!now.isBefore(nextKeySweep)) {
            session.update("DELETE FROM keys WHERE at <= ?", oldest);
            nextKeySweep = now.plus(BETWEEN_KEY_SWEEPS);
        }
        Session.Reading<JobRow> reading = rows.reading(session);
        return session.first(
                "SELECT " + JobRow.COLUMNS + ", k.fingerprint FROM keys k JOIN jobs j"
                        + " WHERE j.arrival = k.job AND k.project = ? AND k.key = ? AND k.at > ?",
                columns -> {
                    JobRow row = reading.read(columns);
                    return Arrays.equals(columns.getBytes("fingerprint"), key.fingerprint())
                            ? () -> new Creation.Repeated(row.job())
                            : () -> new Creation.KeyReused(row.job());
                },
                project,
                key.text(),
                oldest);
    }

    private static void remember(Session session, NewJob wanted, long arrival, Instant now) throws SQLException {
        if (wanted.key().isPresent())
            session.update(
                    "INSERT OR REPLACE INTO keys (project, key, job, at, fingerprint) VALUES (?, ?, ?, ?, ?)",
                    wanted.job().identity().project(),
                    wanted.key().get().text(),
                    arrival,
                    now,
                    wanted.key().get().fingerprint());
    }

    private long insert(Session session, List<Change> changes, Job job, NewJob wanted, Body body, Instant now)
            throws SQLException {
        long arrival = ++arrivals;
        insertJob(session, arrival, job, body.state(), wanted.history().size());
        session.update(
                "INSERT INTO bodies (job, fingerprint, warnings, spec, request) VALUES (?, ?, ?, ?, ?)",
                arrival,
                wanted.fingerprint(),
                body.warnings(),
                body.spec(),
                job.request());
        for (Map.Entry<String, String> label : job.spec().labels().entrySet())
            session.update(
                    "INSERT INTO labels (name, value, job) VALUES (?, ?, ?)",
                    label.getKey(),
                    label.getValue(),
                    arrival);
        for (Map.Entry<String, byte[]> secret : wanted.secrets().entrySet())
            session.update(
                    "INSERT INTO secrets (job, name, value) VALUES (?, ?, ?)",
                    arrival,
                    secret.getKey(),
                    secret.getValue());
        remember(session, wanted, arrival, now);
        long sequence = 0;
        for (Event event : wanted.history())
            SqliteEvents.record(session, changes, new Counted(arrival, ++sequence, SqliteOutbox.all(job)), event);
        if (job.state().liveAttempt().isPresent())
            JobWrites.keepAttempts(
                    session,
                    arrival,
                    job.state(),
                    body.attempt(),
                    wanted.history().getLast());
        return arrival;
    }

    private static void insertJob(Session session, long arrival, Job job, String state, int events)
            throws SQLException {
        Identity identity = job.identity();
        session.update(
                """
                INSERT INTO jobs (arrival, id, project, contract, service, client_id, generation, name, backend,
                    state_word, state, attempt, wish, urgency, not_before, version, events, created, updated, ran,
                    failures, user_failures, retry_of, webhooks)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
                arrival,
                job.id().value(),
                identity.project(),
                identity.contract(),
                identity.service(),
                identity.clientId().orElse(null),
                identity.generation(),
                job.spec().name().toLowerCase(Locale.ROOT),
                job.backend(),
                StateWord.of(job.state()).word(),
                state,
                JobWrites.liveAttempt(job.state()),
                JobRow.word(job.wish()),
                -job.spec().policy().priority(),
                JobWrites.notBefore(job.state()),
                job.version(),
                events,
                job.created(),
                job.updated(),
                job.ran().toNanos(),
                job.failures(),
                job.userFailures(),
                job.retryOf().map(JobId::value).orElse(null),
                SqliteOutbox.all(job));
    }
}
