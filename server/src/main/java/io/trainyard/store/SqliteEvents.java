package io.trainyard.store;

import io.trainyard.job.Event;
import io.trainyard.job.JobId;
import io.trainyard.store.Store.Change;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Locale;

final class SqliteEvents implements Events {
    /** To be read by {@link #read} from this column on. */
    static final String COLUMNS = "e.sequence, e.at, e.kind, e.attempt, e.message";

    private final Writer writer;
    private final Readers readers;

    SqliteEvents(Writer writer, Readers readers) {
        this.writer = writer;
        this.readers = readers;
    }

    @Override
    public List<Event> after(JobId job, long sequence, int limit) {
        return readers.read(session ->
                session.all("SELECT " + COLUMNS + """
                 FROM events e
                WHERE e.job = (SELECT arrival FROM jobs WHERE id = ?) AND e.sequence > ?
                ORDER BY e.sequence
                LIMIT ?
                """, row -> read(row, job, 1), job.value(), sequence, limit));
    }

    @Override
    public void append(Event event) {
        writer.write((session, changes) -> {
            var counted = session.first(
                    "UPDATE jobs SET events = events + 1 WHERE id = ? RETURNING arrival, events, webhooks",
                    Counted::read,
                    event.job().value());
            if (counted.isEmpty()) return false;
            changes.add(new Change(event.job(), Change.Kind.PROGRESS));
            record(session, changes, counted.get(), event);
            return true;
        });
    }

    /**
     * What an update of a job's row gives back for the event that goes with it.
     *
     * @param webhooks one bit for each that wants to be told
     */
    record Counted(long job, long sequence, long webhooks) {
        static Counted read(ResultSet row) throws SQLException {
            return new Counted(row.getLong(1), row.getLong(2), row.getLong(3));
        }
    }

    /** Writes the event and an outbox row for everybody who wants to be told. */
    static void record(Session session, List<Change> changes, Counted counted, Event event) throws SQLException {
        session.update(
                "INSERT INTO events (job, sequence, at, kind, attempt, message) VALUES (?, ?, ?, ?, ?, ?)",
                counted.job(),
                counted.sequence(),
                event.at(),
                JobRow.word(event.kind()),
                event.attempt().orElse(null),
                event.message());
        if (counted.webhooks() == 0) return;
        SqliteOutbox.put(session, counted, event.at());
        changes.add(new Change(event.job(), Change.Kind.OUTBOX));
    }

    static Event read(ResultSet row, JobId job, int column) throws SQLException {
        return new Event(
                job,
                row.getLong(column),
                Session.instant(row, column + 1),
                Event.Kind.valueOf(row.getString(column + 2).toUpperCase(Locale.ROOT)),
                Session.integer(row, column + 3),
                row.getString(column + 4));
    }
}
