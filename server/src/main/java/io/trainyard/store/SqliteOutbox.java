package io.trainyard.store;

import io.trainyard.job.Event;
import io.trainyard.job.Job;
import io.trainyard.job.JobId;
import io.trainyard.store.Store.Change;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

final class SqliteOutbox implements Outbox {
    private static final String DELIVERY = """
            SELECT o.id, o.tries, o.due, o.webhook, j.id, %s FROM outbox o %s
            JOIN jobs j ON j.arrival = o.job
            JOIN events e ON e.job = o.job AND e.sequence = o.sequence
            """;
    private static final int EVENT_FROM = 6;
    private static final String ARRIVAL = "(SELECT arrival FROM jobs WHERE id = ?)";

    private final Writer writer;
    private final Readers readers;

    SqliteOutbox(Writer writer, Readers readers) {
        this.writer = writer;
        this.readers = readers;
    }

    /** One bit for each webhook of the job. */
    static long all(Job job) {
        int webhooks = job.spec().webhooks().size();
        if (webhooks >= Long.SIZE) throw new IllegalStateException(job.id() + " has " + webhooks + " webhooks");
        return (1L << webhooks) - 1;
    }

    static void put(Session session, SqliteEvents.Counted event, Instant due) throws SQLException {
        for (int webhook = 0; event.webhooks() >> webhook != 0; webhook++)
            if ((event.webhooks() >> webhook & 1) == 1) put(session, event.job(), webhook, event.sequence(), due);
    }

    private static void put(Session session, long job, int webhook, long sequence, Instant due) throws SQLException {
        session.update("""
                INSERT INTO outbox (job, webhook, sequence, tries, due, head)
                VALUES (?1, ?2, ?3, 0, ?4, NOT EXISTS (SELECT 1 FROM outbox WHERE job = ?1 AND webhook = ?2))
                """, job, webhook, sequence, due);
    }

    private static Delivery read(ResultSet row) throws SQLException {
        var job = new JobId(row.getString(5));
        return new Delivery(
                row.getLong(1),
                job,
                row.getInt(4),
                SqliteEvents.read(row, job, EVENT_FROM),
                row.getInt(2),
                Session.instant(row, 3));
    }

    @Override
    public List<Delivery> due(Instant now, int limit) {
        return readers.read(session -> session.all(
                DELIVERY.formatted(SqliteEvents.COLUMNS, "INDEXED BY outbox_due")
                        + "WHERE o.head = 1 AND o.due <= ? ORDER BY o.due, o.id LIMIT ?",
                SqliteOutbox::read,
                now,
                limit));
    }

    @Override
    public Optional<Instant> nextDue(Instant now) {
        return readers.read(session -> session.first(
                "SELECT due FROM outbox INDEXED BY outbox_due WHERE head = 1 AND due > ? ORDER BY due LIMIT 1",
                row -> Session.instant(row, 1),
                now));
    }

    @Override
    public List<Delivery> heads(JobId job) {
        return readers.read(session -> session.all(
                DELIVERY.formatted(SqliteEvents.COLUMNS, "INDEXED BY outbox_job") + "WHERE o.job = " + ARRIVAL
                        + " AND o.head = 1 ORDER BY o.webhook",
                SqliteOutbox::read,
                job.value()));
    }

    @Override
    public List<JobId> running() {
        return readers.read(session -> session.all("""
                SELECT id FROM jobs INDEXED BY jobs_beating
                WHERE webhooks <> 0 AND state_word = 'running' ORDER BY arrival
                """, row -> new JobId(row.getString(1))));
    }

    private record Place(long job, int webhook) {
        static Place read(ResultSet row) throws SQLException {
            return new Place(row.getLong(1), row.getInt(2));
        }
    }

    @Override
    public void settled(long id, Optional<Try> made) {
        writer.write((session, _) -> {
            var place = session.first("DELETE FROM outbox WHERE id = ? RETURNING job, webhook", Place::read, id);
            if (place.isEmpty()) return false;
            promote(session, place.get());
            if (made.isPresent()) log(session, place.get().job(), made.get());
            return true;
        });
    }

    private static void promote(Session session, Place place) throws SQLException {
        session.update(
                "UPDATE outbox SET head = 1 WHERE id = (SELECT min(id) FROM outbox WHERE job = ? AND webhook = ?)",
                place.job(),
                place.webhook());
    }

    @Override
    public void retryAt(long id, Instant due, Try made) {
        writer.write((session, _) -> {
            var place = session.first(
                    "UPDATE outbox SET tries = tries + 1, due = ? WHERE id = ? RETURNING job, webhook",
                    Place::read,
                    due,
                    id);
            if (place.isPresent()) log(session, place.get().job(), made);
            return place.isPresent();
        });
    }

    @Override
    public void disable(JobId job, Try made) {
        writer.write((session, _) -> {
            var arrival = session.first(
                    "UPDATE jobs SET webhooks = webhooks & ~? WHERE id = ? RETURNING arrival",
                    row -> row.getLong(1),
                    1L << made.webhook(),
                    job.value());
            if (arrival.isEmpty()) return false;
            session.update("DELETE FROM outbox WHERE job = ? AND webhook = ?", arrival.get(), made.webhook());
            log(session, arrival.get(), made);
            return true;
        });
    }

    @Override
    public void log(JobId job, Try made) {
        writer.write((session, _) -> {
            var arrival = session.first("SELECT arrival FROM jobs WHERE id = ?", row -> row.getLong(1), job.value());
            if (arrival.isPresent()) log(session, arrival.get(), made);
            return arrival.isPresent();
        });
    }

    private static void log(Session session, long job, Try made) throws SQLException {
        session.update(
                """
                INSERT INTO deliveries (job, webhook, sequence, kind, number, at, took, status, result, detail)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
                job,
                made.webhook(),
                made.sequence(),
                word(made.kind()),
                made.number(),
                made.at(),
                made.took().toNanos(),
                made.status().orElse(null),
                JobRow.word(made.result()),
                made.detail());
        session.update("""
                DELETE FROM deliveries WHERE job = ?1
                AND id <= (SELECT id FROM deliveries WHERE job = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)
                """, job, KEPT_TRIES);
    }

    private static @Nullable String word(Optional<Event.Kind> kind) {
        return kind.map(JobRow::word).orElse(null);
    }

    @Override
    public List<LoggedTry> tries(JobId job, int limit) {
        return readers.read(session -> session.all(
                "SELECT id, webhook, sequence, kind, number, at, took, status, result, detail FROM deliveries"
                        + " WHERE job = " + ARRIVAL + " ORDER BY id DESC LIMIT ?",
                SqliteOutbox::logged,
                job.value(),
                limit));
    }

    private static LoggedTry logged(ResultSet row) throws SQLException {
        return new LoggedTry(
                row.getLong(1),
                new Try(
                        row.getInt(2),
                        row.getLong(3),
                        Session.text(row, 4).map(word -> Event.Kind.valueOf(word.toUpperCase(Locale.ROOT))),
                        row.getInt(5),
                        Session.instant(row, 6),
                        Duration.ofNanos(row.getLong(7)),
                        Session.integer(row, 8),
                        Result.valueOf(row.getString(9).toUpperCase(Locale.ROOT)),
                        row.getString(10)));
    }

    @Override
    public Standing standing(JobId job, int webhook) {
        return readers.read(session -> session.first(
                        """
                        SELECT webhooks >> ?2 & 1, (SELECT count(*) FROM outbox WHERE job = arrival AND webhook = ?2)
                        FROM jobs WHERE id = ?1
                        """, row -> new Standing(row.getBoolean(1), row.getLong(2)), job.value(), webhook))
                .orElse(new Standing(false, 0));
    }

    private record Again(long job, int webhook, long sequence) {}

    @Override
    public boolean replay(JobId job, long loggedTry, Instant now) {
        return writer.write((session, changes) -> {
            var found = session.first(
                    "SELECT job, webhook, sequence FROM deliveries WHERE id = ? AND sequence > 0 AND job = " + ARRIVAL,
                    row -> new Again(row.getLong(1), row.getInt(2), row.getLong(3)),
                    loggedTry,
                    job.value());
            if (found.isEmpty()) return false;
            Again again = found.get();
            session.update(
                    "UPDATE jobs SET webhooks = webhooks | ? WHERE arrival = ?", 1L << again.webhook(), again.job());
            int waiting = session.update(
                    "UPDATE outbox SET due = ? WHERE job = ? AND webhook = ? AND sequence = ?",
                    now,
                    again.job(),
                    again.webhook(),
                    again.sequence());
            if (waiting == 0) put(session, again.job(), again.webhook(), again.sequence(), now);
            return changes.add(new Change(job, Change.Kind.OUTBOX));
        });
    }
}
