package io.trainyard.store;

import io.trainyard.job.JobId;
import io.trainyard.job.Progress;
import io.trainyard.store.Store.Change;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

final class SqliteMetrics implements Metrics {
    /** An append writes its open chunk anew: 256 points of 24 bytes are at most two pages of it. */
    static final int MAX_CHUNK_POINTS = 256;

    private final Writer writer;
    private final Readers readers;

    SqliteMetrics(Writer writer, Readers readers) {
        this.writer = writer;
        this.readers = readers;
    }

    private record Series(String name, int attempt) {}

    private record OpenChunk(long number, byte[] content) {}

    @Override
    public void append(JobId job, List<Point> points) {
        if (points.isEmpty()) return;
        var series = new LinkedHashMap<Series, List<Point>>();
        for (Point point : points)
            series.computeIfAbsent(new Series(point.name(), point.attempt()), _ -> new ArrayList<>())
                    .add(point);
        writer.write((session, changes) -> {
            var arrival = arrival(session, job);
            if (arrival.isEmpty()) return false;
            for (Map.Entry<Series, List<Point>> entry : series.entrySet())
                append(session, arrival.get(), entry.getKey(), entry.getValue());
            return changes.add(new Change(job, Change.Kind.PROGRESS));
        });
    }

    private static Optional<Long> arrival(Session session, JobId job) throws SQLException {
        return session.first("SELECT arrival FROM jobs WHERE id = ?", row -> row.getLong(1), job.value());
    }

    private static void append(Session session, long job, Series series, List<Point> points) throws SQLException {
        var last = session.first(
                """
                SELECT chunk, CASE sealed WHEN 0 THEN content ELSE x'' END FROM metrics
                WHERE job = ? AND name = ? AND attempt = ?
                ORDER BY chunk DESC
                LIMIT 1
                """, row -> new OpenChunk(row.getLong(1), row.getBytes(2)), job, series.name(), series.attempt());
        long chunk = last.map(OpenChunk::number).orElse(0L);
        byte[] content = last.map(OpenChunk::content).orElse(new byte[0]);
        if (content.length == 0) chunk++;
        int written = 0;
        while (written < points.size()) {
            int present = Packing.count(content);
            int taken = Math.min(points.size() - written, MAX_CHUNK_POINTS - present);
            var now = points.subList(written, written + taken);
            put(session, job, series, chunk, Packing.joined(content, Packing.points(now)), now);
            written += taken;
            content = new byte[0];
            chunk++;
        }
    }

    private static void put(Session session, long job, Series series, long chunk, byte[] content, List<Point> added)
            throws SQLException {
        boolean full = Packing.count(content) == MAX_CHUNK_POINTS;
        session.update(
                """
                INSERT INTO metrics (job, name, attempt, chunk, points, max_step, sealed, content)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT DO UPDATE SET points = excluded.points, max_step = max(max_step, excluded.max_step),
                    sealed = excluded.sealed, content = excluded.content
                """,
                job,
                series.name(),
                series.attempt(),
                chunk,
                Packing.count(content),
                added.stream().mapToLong(Point::step).max().orElseThrow(),
                full,
                full ? Packing.sealPoints(content) : content);
    }

    @Override
    public List<String> names(JobId job) {
        return readers.read(session -> session.all("""
                SELECT DISTINCT name FROM metrics WHERE job = (SELECT arrival FROM jobs WHERE id = ?) ORDER BY name
                """, row -> row.getString(1), job.value()));
    }

    private record Chunk(int attempt, boolean sealed, byte[] content) {
        List<Point> points(String name) {
            return Packing.points(sealed ? Packing.openPoints(content) : content, name, attempt);
        }
    }

    @Override
    public List<Point> read(JobId job, String name, long fromStep, int limit) {
        // A chunk holds at least one wanted point, so the limit bounds the chunks as well.
        var chunks = readers.read(session -> session.all(
                """
                SELECT attempt, sealed, content FROM metrics
                WHERE job = (SELECT arrival FROM jobs WHERE id = ?) AND name = ? AND max_step >= ?
                ORDER BY attempt, chunk
                LIMIT ?
                """,
                row -> new Chunk(row.getInt(1), row.getBoolean(2), row.getBytes(3)),
                job.value(),
                name,
                fromStep,
                limit));
        return chunks.stream()
                .flatMap(chunk -> chunk.points(name).stream())
                .filter(point -> point.step() >= fromStep)
                .limit(limit)
                .toList();
    }

    @Override
    public Page page(JobId job, String name, Place from, int limit) {
        // All chunks of an attempt but its last are full, so the place names the chunk.
        long chunk = 1 + from.points() / MAX_CHUNK_POINTS;
        var chunks = readers.read(session -> session.all(
                """
                SELECT attempt, chunk, sealed, content FROM metrics
                WHERE job = (SELECT arrival FROM jobs WHERE id = ?) AND name = ? AND (attempt, chunk) >= (?, ?)
                ORDER BY attempt, chunk
                LIMIT ?
                """,
                row -> new Numbered(row.getLong(2), new Chunk(row.getInt(1), row.getBoolean(3), row.getBytes(4))),
                job.value(),
                name,
                from.attempt(),
                chunk,
                // A chunk holds at least one point; the first may lie wholly behind the place.
                Math.min(limit, Integer.MAX_VALUE - 2) + 2));
        var points = new ArrayList<Point>();
        for (Numbered one : chunks) {
            long place = (one.number() - 1) * MAX_CHUNK_POINTS;
            int attempt = one.chunk().attempt();
            for (Point point : one.chunk().points(name)) {
                boolean behind = attempt == from.attempt() && place < from.points();
                if (!behind && points.size() == limit) return new Page(points, Optional.of(new Place(attempt, place)));
                if (!behind) points.add(point);
                place++;
            }
        }
        return new Page(points, Optional.empty());
    }

    private record Numbered(long number, Chunk chunk) {}

    @Override
    public long count(JobId job, String name) {
        return readers.read(session -> session.first("""
                        SELECT coalesce(sum(points), 0) FROM metrics
                        WHERE job = (SELECT arrival FROM jobs WHERE id = ?) AND name = ?
                        """, row -> row.getLong(1), job.value(), name))
                .orElse(0L);
    }

    @Override
    public void progress(JobId job, Progress progress) {
        String content = Codec.INSTANCE.progress.write(progress);
        writer.write((session, changes) -> {
            int written = session.update("""
                    INSERT INTO progress (job, content) SELECT arrival, ? FROM jobs WHERE id = ?
                    ON CONFLICT DO UPDATE SET content = excluded.content
                    """, content, job.value());
            return written > 0 && changes.add(new Change(job, Change.Kind.PROGRESS));
        });
    }

    @Override
    public Optional<Progress> progress(JobId job) {
        return readers.read(session -> session.first(
                        "SELECT content FROM progress WHERE job = (SELECT arrival FROM jobs WHERE id = ?)",
                        row -> row.getString(1),
                        job.value()))
                .map(Codec.INSTANCE.progress::read);
    }
}
