package io.trainyard.store;

import io.trainyard.job.Attempt;
import io.trainyard.job.Event;
import io.trainyard.job.Identity;
import io.trainyard.job.Job;
import io.trainyard.job.JobId;
import io.trainyard.job.JobState;
import io.trainyard.job.Wish;
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
import org.jspecify.annotations.Nullable;

/**
 * The verbs that change a job, each one work of the writer. What can be encoded before and decoded after is left to
 * the caller's thread: the works take columns and give suppliers.
 */
final class JobWrites {
    static final Duration KEY_LIFE = Duration.ofHours(24);
    private static final Duration BETWEEN_KEY_SWEEPS = Duration.ofMinutes(1);
    private static final List<String> TABLES_BY_JOB =
            List.of("bodies", "secrets", "keys", "events", "attempts", "outbox", "deliveries", "metrics", "progress");

    private final Writer writer;
    private final JobRows rows;
    private final InstantSource clock;
    // Both are touched by the writer's thread only.
    private long arrivals;
    private Instant nextKeySweep = Instant.MIN;

    JobWrites(Writer writer, JobRows rows, InstantSource clock, long lastArrival) {
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
                attempt(job.state()));
        Supplier<Creation> creation =
                writer.write((session, changes) -> create(session, changes, wanted, body, clock.instant()));
        return creation.get();
    }

    /** @param attempt empty without a live one */
    private record Body(String warnings, byte[] spec, String state, String attempt) {}

    private static String attempt(JobState state) {
        return state.liveAttempt().map(Codec.INSTANCE.attempt::write).orElse("");
    }

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
            keepAttempts(
                    session,
                    arrival,
                    job.state().liveAttempt(),
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
                liveAttempt(job.state()),
                JobRow.word(job.wish()),
                -job.spec().policy().priority(),
                notBefore(job.state()),
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

    boolean transition(Job next, Event event) {
        if (!event.job().equals(next.id()))
            throw new IllegalArgumentException("an event of " + event.job() + " with a change of " + next.id());
        String state = Codec.INSTANCE.state.write(next.state());
        String attempt = attempt(next.state());
        return writer.write((session, changes) -> transition(session, changes, next, event, state, attempt));
    }

    private static boolean transition(
            Session session, List<Change> changes, Job next, Event event, String state, String attempt)
            throws SQLException {
        var counted = session.first(
                """
                UPDATE jobs SET state_word = ?, state = ?, attempt = ?, not_before = ?, backend = ?, updated = ?, ran = ?,
                    failures = ?, user_failures = ?, version = version + 1, events = events + 1
                WHERE id = ? AND version = ? AND state_word NOT IN ('succeeded', 'failed', 'cancelled', 'rendered')
                RETURNING arrival, events, webhooks
                """,
                Counted::read,
                StateWord.of(next.state()).word(),
                state,
                liveAttempt(next.state()),
                notBefore(next.state()),
                next.backend(),
                next.updated(),
                next.ran().toNanos(),
                next.failures(),
                next.userFailures(),
                next.id().value(),
                next.version());
        if (counted.isEmpty()) return false;
        keepAttempts(session, counted.get().job(), next.state().liveAttempt(), attempt, event);
        changes.add(
                event.kind() == Event.Kind.FALLBACK
                        ? new Change(next.id(), Change.Kind.STATE)
                        : new Change(next, Change.Kind.STATE));
        SqliteEvents.record(session, changes, counted.get(), event);
        return true;
    }

    /** Opens the attempt that lives now and closes any other. */
    private static void keepAttempts(Session session, long job, Optional<Attempt> live, String content, Event event)
            throws SQLException {
        session.update(
                "UPDATE attempts SET ended = ?, end_text = ? WHERE job = ? AND ended IS NULL AND number <> ?",
                event.at(),
                event.message(),
                job,
                live.map(Attempt::number).orElse(0));
        if (live.isPresent())
            session.update("""
                    INSERT INTO attempts (job, number, backend, content, created) VALUES (?, ?, ?, ?, ?)
                    ON CONFLICT DO NOTHING
                    """, job, live.get().number(), live.get().backend(), content, event.at());
    }

    Optional<Job> wish(JobId id, Wish wish, Instant at) {
        Supplier<Optional<Job>> job = writer.write((session, changes) -> wish(session, changes, id, wish, at));
        return job.get();
    }

    private Supplier<Optional<Job>> wish(Session session, List<Change> changes, JobId id, Wish wish, Instant at)
            throws SQLException {
        var found = rows.byId(session, id);
        if (found.isEmpty()) return Optional::empty;
        JobRow row = found.get();
        JobState state = row.jobState();
        if (!Wishes.changes(row.wish(), state, wish)) return () -> Optional.of(row.job());
        var counted = session.first("""
                UPDATE jobs SET wish = ?, updated = ?, version = version + 1, events = events + 1
                WHERE arrival = ?
                RETURNING arrival, events, webhooks
                """, Counted::read, JobRow.word(wish), at, row.arrival());
        changes.add(new Change(id, Change.Kind.WISH));
        SqliteEvents.record(session, changes, counted.orElseThrow(), Wishes.event(id, state, wish, at));
        return () -> Optional.of(row.job().withWish(wish, at).withVersion(row.version() + 1));
    }

    boolean remove(JobId id) {
        return writer.write((session, changes) -> {
            var found = rows.byId(session, id).filter(row -> row.jobState().ended());
            if (found.isEmpty()) return false;
            long arrival = found.get().arrival();
            if (telling(session, found.get())) return false;
            // An index by job would cost every create a page of the log.
            for (Map.Entry<String, String> label :
                    found.get().body().spec().labels().entrySet())
                session.update(
                        "DELETE FROM labels WHERE name = ? AND value = ? AND job = ?",
                        label.getKey(),
                        label.getValue(),
                        arrival);
            for (String table : TABLES_BY_JOB) session.update("DELETE FROM " + table + " WHERE job = ?", arrival);
            session.update("DELETE FROM jobs WHERE arrival = ?", arrival);
            rows.forget(arrival);
            return changes.add(new Change(id, Change.Kind.STATE));
        });
    }

    private boolean telling(Session session, JobRow row) throws SQLException {
        return row.wish() == Wish.DELETE
                && row.updated().plus(Jobs.TELLING_BEFORE_REMOVAL).isAfter(clock.instant())
                && session.first("SELECT 1 FROM outbox WHERE job = ?", _ -> true, row.arrival())
                        .isPresent();
    }

    private static @Nullable Integer liveAttempt(JobState state) {
        return state.liveAttempt().map(Attempt::number).orElse(null);
    }

    private static @Nullable Instant notBefore(JobState state) {
        return state instanceof JobState.Queued queued ? queued.notBefore() : null;
    }
}
