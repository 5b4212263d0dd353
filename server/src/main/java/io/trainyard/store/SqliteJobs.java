package io.trainyard.store;

import io.trainyard.job.Attempt;
import io.trainyard.job.Event;
import io.trainyard.job.Identity;
import io.trainyard.job.Job;
import io.trainyard.job.JobId;
import io.trainyard.job.Wish;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** Reads jobs; what writes is in {@link JobCreation} and {@link JobWrites}. */
final class SqliteJobs implements Jobs {
    private final Readers readers;
    private final JobRows rows;
    private final JobCreation creation;
    private final JobWrites writes;
    private final SqliteLogs logs;

    SqliteJobs(Readers readers, JobRows rows, JobCreation creation, JobWrites writes, SqliteLogs logs) {
        this.readers = readers;
        this.rows = rows;
        this.creation = creation;
        this.writes = writes;
        this.logs = logs;
    }

    @Override
    public Creation create(NewJob wanted) {
        return creation.create(wanted);
    }

    @Override
    public Optional<Job> find(JobId id) {
        return readers.read(session -> rows.byId(session, id)).map(JobRow::job);
    }

    @Override
    public Optional<Job> newest(Identity identity) {
        return readers.read(session -> rows.newest(session, identity)).map(JobRow::job);
    }

    @Override
    public List<JobId> startingWith(String prefix, int limit) {
        return readers.read(session -> session.all(
                "SELECT id FROM jobs WHERE id >= ? AND id < ? ORDER BY id LIMIT ?",
                row -> new JobId(row.getString(1)),
                prefix,
                prefix + Character.toString(Character.MAX_CODE_POINT),
                limit));
    }

    @Override
    public Page list(Filter filter, Optional<String> cursor, int limit) {
        long before = cursor.map(Cursor::read).orElse(Long.MAX_VALUE);
        var search = new Search(filter, before, limit + 1);
        var found = readers.read(session -> session.all(search.sql(), rows.reading(session), search.values()));
        boolean more = found.size() > limit;
        var page = more ? found.subList(0, limit) : found;
        return new Page(
                page.stream().map(JobRow::job).toList(),
                more ? Optional.of(Cursor.write(page.getLast().arrival())) : Optional.empty());
    }

    @Override
    public List<Job> waiting(String backend, Instant now, int limit) {
        return readers
                .read(session -> session.all(
                        "SELECT " + JobRow.COLUMNS + " FROM jobs j" + """
                         WHERE j.state_word = 'queued' AND j.wish = 'run' AND j.backend = ? AND j.not_before <= ?
                        ORDER BY j.urgency, j.arrival
                        LIMIT ?
                        """, rows.reading(session), backend, now, limit))
                .stream()
                .map(JobRow::job)
                .toList();
    }

    @Override
    public Optional<JobId> firstWaiting(String backend, Instant now) {
        return readers.read(session -> session.first("""
                SELECT id FROM jobs INDEXED BY jobs_waiting
                WHERE state_word = 'queued' AND wish = 'run' AND backend = ? AND not_before <= ?
                ORDER BY urgency, arrival
                LIMIT 1
                """, row -> new JobId(row.getString(1)), backend, now));
    }

    @Override
    public long ahead(Job waiting) {
        return readers.read(session ->
                        session.first("""
                        SELECT count(*) FROM jobs me CROSS JOIN jobs j INDEXED BY jobs_waiting
                        WHERE me.id = ? AND me.state_word = 'queued' AND me.wish = 'run'
                            AND j.state_word = 'queued' AND j.wish = 'run' AND j.backend = me.backend
                            AND (j.urgency, j.arrival) < (me.urgency, me.arrival)
                        """, row -> row.getLong(1), waiting.id().value()))
                .orElse(0L);
    }

    @Override
    public Optional<Instant> nextDue(Instant now) {
        return readers.read(session -> session.first("""
                SELECT not_before FROM jobs INDEXED BY jobs_due
                WHERE state_word = 'queued' AND wish = 'run' AND not_before > created AND not_before > ?
                ORDER BY not_before
                LIMIT 1
                """, row -> Session.instant(row, 1), now));
    }

    @Override
    public List<JobId> active() {
        return readers.read(session -> session.all(
                "SELECT id FROM jobs INDEXED BY jobs_active WHERE active = 1 ORDER BY arrival",
                row -> new JobId(row.getString(1))));
    }

    @Override
    public List<Attempt> live(String backend) {
        return readers.read(session -> session.all(
                "SELECT content FROM attempts INDEXED BY attempts_live WHERE ended IS NULL AND backend = ? ORDER BY job",
                row -> Codec.INSTANCE.attempt.read(row.getString(1)),
                backend));
    }

    @Override
    public boolean transition(Job next, Event event) {
        return writes.transition(next, event);
    }

    @Override
    public Optional<Job> wish(JobId id, Wish wish, Instant at) {
        return writes.wish(id, wish, at);
    }

    @Override
    public boolean remove(JobId id) {
        boolean removed = writes.remove(id);
        // A crash in between leaves lines without a job; they are swept at the next start.
        if (removed) logs.remove(id);
        return removed;
    }

    @Override
    public List<AttemptRecord> attempts(JobId id) {
        return readers.read(session -> session.all(
                """
                SELECT content, handle, created, ended, end_text FROM attempts
                WHERE job = (SELECT arrival FROM jobs WHERE id = ?)
                ORDER BY number
                """,
                row -> new AttemptRecord(
                        Codec.INSTANCE.attempt.read(row.getString(1)),
                        Session.text(row, 2).map(Codec.INSTANCE.handle::read),
                        Session.instant(row, 3),
                        Session.moment(row, 4),
                        Session.text(row, 5)),
                id.value()));
    }

    @Override
    public byte[] fingerprint(JobId id) {
        return readers.read(session -> session.first(
                        "SELECT b.fingerprint FROM bodies b JOIN jobs j ON j.arrival = b.job WHERE j.id = ?",
                        row -> row.getBytes(1),
                        id.value())
                .orElseThrow(() -> new IllegalArgumentException("there is no job " + id)));
    }

    @Override
    public Map<String, byte[]> secrets(JobId id) {
        var sealed = readers.read(session -> session.all(
                "SELECT name, value FROM secrets WHERE job = (SELECT arrival FROM jobs WHERE id = ?)",
                row -> Map.entry(row.getString(1), row.getBytes(2)),
                id.value()));
        return sealed.stream().collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
    }
}
