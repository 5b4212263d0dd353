package io.trainyard.store;

import io.trainyard.job.JobId;
import io.trainyard.store.Store.Change;
import java.io.ByteArrayOutputStream;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;

/** Log lines in a database of their own: they come in bulk and must not hold up the jobs. */
final class SqliteLogs implements Logs {
    /** An open chunk is written anew by each append, so it stays small; a single line may be longer than this. */
    static final int MAX_OPEN_BYTES = 16 * 1024;

    private final Writer writer;
    private final Readers readers;
    private final Readers jobs;

    /** @param jobs the main database, to know whether a job is still there */
    SqliteLogs(Writer writer, Readers readers, Readers jobs) {
        this.writer = writer;
        this.readers = readers;
        this.jobs = jobs;
    }

    @Override
    public long position(Source source) {
        return readers.read(session -> session.first(
                        """
                        SELECT position FROM sources
                        WHERE job = (SELECT number FROM jobs WHERE id = ?) AND attempt = ? AND rank = ? AND stream = ?
                        """,
                        row -> row.getLong(1),
                        source.job().value(),
                        source.attempt(),
                        source.rank(),
                        source.stream()))
                .orElse(0L);
    }

    private record Numbered(long job, long lines) {}

    private record OpenChunk(long first, long lines, byte[] content) {}

    @Override
    public void append(Source source, List<NewLine> lines, long nextPosition) {
        if (jobs.read(session -> session.first(
                        "SELECT 1 FROM jobs WHERE id = ?",
                        row -> row.getInt(1),
                        source.job().value()))
                .isEmpty()) return;
        List<byte[]> packed =
                lines.stream().map(line -> Packing.line(source, line)).toList();
        writer.write((session, changes) -> {
            var numbered = session.first(
                            """
                            INSERT INTO jobs (id, lines) VALUES (?, ?)
                            ON CONFLICT (id) DO UPDATE SET lines = lines + excluded.lines
                            RETURNING number, lines
                            """,
                            row -> new Numbered(row.getLong(1), row.getLong(2)),
                            source.job().value(),
                            packed.size())
                    .orElseThrow();
            session.update("""
                    INSERT INTO sources (job, attempt, rank, stream, position) VALUES (?, ?, ?, ?, ?)
                    ON CONFLICT DO UPDATE SET position = excluded.position
                    """, numbered.job(), source.attempt(), source.rank(), source.stream(), nextPosition);
            put(session, numbered.job(), numbered.lines() - packed.size() + 1, packed);
            return packed.isEmpty() || changes.add(new Change(source.job(), Change.Kind.LOG));
        });
    }

    /** Fills the open chunk, seals what is full and leaves the rest open. */
    private static void put(Session session, long job, long nextLine, List<byte[]> lines) throws SQLException {
        var open = openChunk(session, job);
        long first = open.map(OpenChunk::first).orElse(nextLine);
        long count = open.map(OpenChunk::lines).orElse(0L);
        var content = new ByteArrayOutputStream();
        content.writeBytes(open.map(OpenChunk::content).orElse(new byte[0]));
        for (byte[] line : lines) {
            content.writeBytes(line);
            count++;
            if (content.size() < MAX_OPEN_BYTES) continue;
            put(session, job, first, count, true, Packing.deflate(content.toByteArray()));
            first += count;
            count = 0;
            content.reset();
        }
        if (count > 0) put(session, job, first, count, false, content.toByteArray());
    }

    private static Optional<OpenChunk> openChunk(Session session, long job) throws SQLException {
        return session.first("""
                SELECT first, lines, content FROM chunks
                WHERE job = ?1 AND first = (SELECT max(first) FROM chunks WHERE job = ?1) AND sealed = 0
                """, row -> new OpenChunk(row.getLong(1), row.getLong(2), row.getBytes(3)), job);
    }

    private static void put(Session session, long job, long first, long lines, boolean sealed, byte[] content)
            throws SQLException {
        session.update(
                "INSERT OR REPLACE INTO chunks (job, first, lines, sealed, content) VALUES (?, ?, ?, ?, ?)",
                job,
                first,
                lines,
                sealed,
                content);
    }

    private record Chunk(long first, boolean sealed, byte[] content) {}

    @Override
    public List<Line> read(JobId job, long fromNumber, int limit) {
        var chunks = readers.read(session -> session.all(
                """
                SELECT c.first, c.sealed, c.content FROM jobs j CROSS JOIN chunks c ON c.job = j.number
                WHERE j.id = ?1
                    AND c.first >= coalesce((SELECT max(first) FROM chunks WHERE job = j.number AND first <= ?2), 1)
                    AND c.first < ?3
                ORDER BY c.first
                """,
                row -> new Chunk(row.getLong(1), row.getBoolean(2), row.getBytes(3)),
                job.value(),
                fromNumber,
                Math.max(fromNumber, 1) + limit));
        return chunks.stream()
                .flatMap(
                        chunk -> Packing.lines(
                                chunk.sealed() ? Packing.inflate(chunk.content()) : chunk.content(), chunk.first())
                                .stream())
                .filter(line -> line.number() >= fromNumber)
                .limit(limit)
                .toList();
    }

    @Override
    public long last(JobId job) {
        return readers.read(session ->
                        session.first("SELECT lines FROM jobs WHERE id = ?", row -> row.getLong(1), job.value()))
                .orElse(0L);
    }

    void remove(JobId job) {
        writer.write((session, _) -> {
            var number =
                    session.first("DELETE FROM jobs WHERE id = ? RETURNING number", row -> row.getLong(1), job.value());
            if (number.isEmpty()) return false;
            session.update("DELETE FROM chunks WHERE job = ?", number.get());
            session.update("DELETE FROM sources WHERE job = ?", number.get());
            return true;
        });
    }

    /** Removes the lines of jobs that are gone: a crash came between removing the one and the other. */
    static void sweep(Session session, Path mainDatabase) throws SQLException {
        session.update("ATTACH ? AS main_database", mainDatabase.toString());
        var gone = "SELECT number FROM jobs WHERE id NOT IN (SELECT id FROM main_database.jobs)";
        session.script("DELETE FROM chunks WHERE job IN (" + gone + ")");
        session.script("DELETE FROM sources WHERE job IN (" + gone + ")");
        session.script("DELETE FROM jobs WHERE number IN (" + gone + ")");
        session.script("DETACH main_database");
    }
}
