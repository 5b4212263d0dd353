package io.trainyard.store;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.SQLException;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/**
 * The store in one folder: {@code trainyard.db} with everything that must not be lost, {@code logs.db} with the lines.
 * Each has one {@link Writer} and a few {@link Readers}. A third file keeps a second server out of the folder.
 */
public final class SqliteStore implements Store {
    private static final int CHECKPOINT_PAGES = 8_000;
    private static final int WRITER_CACHE_KIB = 32_768;

    private final Lock lock;
    private final Writer writer;
    private final Readers readers;
    private final Writer logWriter;
    private final Readers logReaders;
    private final SqliteJobs jobs;
    private final SqliteEvents events;
    private final SqliteMetrics metrics;
    private final SqliteLogs logs;
    private final SqliteOutbox outbox;
    private final List<Consumer<Change>> listeners = new CopyOnWriteArrayList<>();

    /**
     * Opens the store in this folder, which is made if it is not there.
     *
     * @param clock tells when an idempotency key is forgotten
     * @throws StoreException when another server has the folder, a newer version wrote it, or the disk fails
     */
    public static SqliteStore open(Path folder, InstantSource clock) {
        return open(folder, clock, FaultPoints.NONE);
    }

    static SqliteStore open(Path folder, InstantSource clock, FaultPoints faults) {
        Lock lock = Lock.take(folder);
        try {
            return new SqliteStore(folder, clock, faults, lock);
        } catch (SQLException failed) {
            lock.close();
            throw new StoreException("cannot open the store in " + folder + ": " + failed.getMessage(), failed);
        } catch (RuntimeException failed) {
            lock.close();
            throw failed;
        }
    }

    private SqliteStore(Path folder, InstantSource clock, FaultPoints faults, Lock lock) throws SQLException {
        this.lock = lock;
        Path main = folder.resolve("trainyard.db");
        Path lines = folder.resolve("logs.db");
        Session session = openForWriting(main, "FULL", Migrations.JOBS);
        long lastArrival = session.first("SELECT max(arrival) FROM jobs", row -> row.getLong(1))
                .orElse(0L);
        Session logSession = openForWriting(lines, "NORMAL", Migrations.LOGS);
        SqliteLogs.sweep(logSession, main);
        writer = new Writer("jobs", session, faults, this::tell);
        readers = new Readers(main);
        logWriter = new Writer("logs", logSession, FaultPoints.NONE, this::tell);
        logReaders = new Readers(lines);
        logs = new SqliteLogs(logWriter, logReaders, readers);
        var rows = new JobRows();
        jobs = new SqliteJobs(
                readers,
                rows,
                new JobCreation(writer, rows, clock, lastArrival),
                new JobWrites(writer, rows, clock),
                logs);
        events = new SqliteEvents(writer, readers);
        metrics = new SqliteMetrics(writer, readers);
        outbox = new SqliteOutbox(writer, readers);
    }

    private static Session openForWriting(Path file, String synchronous, List<String> migrations) throws SQLException {
        var session = Session.open(
                file,
                "synchronous=" + synchronous,
                "wal_autocheckpoint=" + CHECKPOINT_PAGES,
                "cache_size=-" + WRITER_CACHE_KIB,
                "temp_store=MEMORY");
        try {
            Migrations.apply(session, file.toString(), migrations);
            return session;
        } catch (SQLException | RuntimeException failed) {
            session.close();
            throw failed;
        }
    }

    /** Keeps other servers out of a folder for as long as this process lives or until it is closed. */
    private record Lock(FileChannel channel) {
        static Lock take(Path folder) {
            try {
                Files.createDirectories(folder);
                var channel = FileChannel.open(
                        folder.resolve("trainyard.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                if (locked(channel)) return new Lock(channel);
                channel.close();
            } catch (IOException failed) {
                throw new StoreException("cannot lock " + folder + ": " + failed.getMessage(), failed);
            }
            throw new StoreException(
                    "another Trainyard server has " + folder + " open: stop it, or give this one a folder of its own");
        }

        private static boolean locked(FileChannel channel) throws IOException {
            try {
                FileLock held = channel.tryLock();
                return held != null;
            } catch (OverlappingFileLockException _) {
                return false;
            }
        }

        void close() {
            try {
                channel.close();
            } catch (IOException failed) {
                throw new StoreException("cannot unlock the store's folder: " + failed.getMessage(), failed);
            }
        }
    }

    private void tell(Change change) {
        for (Consumer<Change> listener : listeners) listener.accept(change);
    }

    @Override
    public Jobs jobs() {
        return jobs;
    }

    @Override
    public Events events() {
        return events;
    }

    @Override
    public Metrics metrics() {
        return metrics;
    }

    @Override
    public Logs logs() {
        return logs;
    }

    @Override
    public Outbox outbox() {
        return outbox;
    }

    @Override
    public void subscribe(Consumer<Change> listener) {
        listeners.add(listener);
    }

    @Override
    public void close() {
        try {
            writer.close();
            logWriter.close();
            readers.close();
            logReaders.close();
        } catch (SQLException failed) {
            throw new StoreException("closing failed: " + failed.getMessage(), failed);
        } finally {
            lock.close();
        }
    }
}
