package io.trainyard.store;

import io.trainyard.job.Attempt;
import io.trainyard.job.Event;
import io.trainyard.job.Job;
import io.trainyard.job.JobId;
import io.trainyard.job.JobState;
import io.trainyard.job.Wish;
import io.trainyard.store.SqliteEvents.Counted;
import io.trainyard.store.Store.Change;
import java.sql.SQLException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The verbs that change a job, each one work of the writer; {@link JobCreation} is the first of them. What can be encoded
 * before and decoded after is left to the caller's thread: the works take columns and give suppliers.
 */
final class JobWrites {
    private static final List<String> TABLES_BY_JOB =
            List.of("bodies", "secrets", "keys", "events", "attempts", "outbox", "deliveries", "metrics", "progress");

    private final Writer writer;
    private final JobRows rows;
    private final InstantSource clock;

    JobWrites(Writer writer, JobRows rows, InstantSource clock) {
        this.writer = writer;
        this.rows = rows;
        this.clock = clock;
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
        keepAttempts(session, counted.get().job(), next.state(), attempt, event);
        changes.add(
                event.kind() == Event.Kind.FALLBACK
                        ? new Change(next.id(), Change.Kind.STATE)
                        : new Change(next, Change.Kind.STATE));
        SqliteEvents.record(session, changes, counted.get(), event);
        return true;
    }

    /** Opens the attempt that lives now and closes any other. */
    static void keepAttempts(Session session, long job, JobState state, String content, Event event)
            throws SQLException {
        Optional<Attempt> live = state.liveAttempt();
        session.update(
                "UPDATE attempts SET ended = ?, end_text = ? WHERE job = ? AND ended IS NULL AND number <> ?",
                event.at(),
                event.message(),
                job,
                live.map(Attempt::number).orElse(0));
        if (live.isPresent())
            session.update(
                    """
                    INSERT INTO attempts (job, number, backend, content, handle, created) VALUES (?, ?, ?, ?, ?, ?)
                    ON CONFLICT DO UPDATE SET handle = excluded.handle
                    WHERE excluded.handle IS NOT NULL AND excluded.handle IS NOT handle
                    """,
                    job,
                    live.get().number(),
                    live.get().backend(),
                    content,
                    state.liveHandle().map(Codec.INSTANCE.handle::write).orElse(null),
                    event.at());
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

    /** Empty without a live one. */
    static String attempt(JobState state) {
        return state.liveAttempt().map(Codec.INSTANCE.attempt::write).orElse("");
    }

    static @Nullable Integer liveAttempt(JobState state) {
        return state.liveAttempt().map(Attempt::number).orElse(null);
    }

    static @Nullable Instant notBefore(JobState state) {
        return state instanceof JobState.Queued queued ? queued.notBefore() : null;
    }
}
