package io.trainyard.store;

import io.trainyard.job.JobId;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;

final class SqliteOutbox implements Outbox {
    private final Writer writer;
    private final Readers readers;

    SqliteOutbox(Writer writer, Readers readers) {
        this.writer = writer;
        this.readers = readers;
    }

    static void put(Session session, SqliteEvents.Counted event, Instant due) throws SQLException {
        session.update("""
                INSERT INTO outbox (job, sequence, tries, due, head)
                VALUES (?1, ?2, 0, ?3, NOT EXISTS (SELECT 1 FROM outbox WHERE job = ?1))
                """, event.job(), event.sequence(), due);
    }

    @Override
    public List<Delivery> due(Instant now, int limit) {
        return readers.read(session -> session.all(
                "SELECT o.id, o.tries, o.due, j.id, " + SqliteEvents.COLUMNS + """
                 FROM outbox o INDEXED BY outbox_due
                JOIN jobs j ON j.arrival = o.job
                JOIN events e ON e.job = o.job AND e.sequence = o.sequence
                WHERE o.head = 1 AND o.due <= ?
                ORDER BY o.due, o.id
                LIMIT ?
                """,
                row -> {
                    var job = new JobId(row.getString(4));
                    return new Delivery(
                            row.getLong(1),
                            job,
                            SqliteEvents.read(row, job, 5),
                            row.getInt(2),
                            Session.instant(row, 3));
                },
                now,
                limit));
    }

    @Override
    public void delivered(long id) {
        writer.write((session, _) -> {
            var job = session.first("DELETE FROM outbox WHERE id = ? RETURNING job", row -> row.getLong(1), id);
            if (job.isPresent())
                session.update(
                        "UPDATE outbox SET head = 1 WHERE id = (SELECT min(id) FROM outbox WHERE job = ?)", job.get());
            return job.isPresent();
        });
    }

    @Override
    public void retryAt(long id, Instant due) {
        writer.write(
                (session, _) -> session.update("UPDATE outbox SET tries = tries + 1, due = ? WHERE id = ?", due, id));
    }

    @Override
    public void abandon(JobId job) {
        writer.write((session, _) ->
                session.update("DELETE FROM outbox WHERE job = (SELECT arrival FROM jobs WHERE id = ?)", job.value()));
    }
}
