package io.trainyard.store;

import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;

/**
 * Connections for reading beside the writer. Few, because a native call holds its carrier thread: more of them would
 * only take the processors from each other.
 */
final class Readers implements AutoCloseable {
    static final int CONNECTIONS = 3;
    private static final int CACHE_KIB = 8_192;

    private final List<Session> sessions = new ArrayList<>();
    private final BlockingQueue<Session> idle = new ArrayBlockingQueue<>(CONNECTIONS);
    private volatile boolean closed;

    Readers(Path file) throws SQLException {
        for (int i = 0; i < CONNECTIONS; i++)
            sessions.add(Session.open(file, "query_only=ON", "cache_size=-" + CACHE_KIB));
        idle.addAll(sessions);
    }

    interface Look<T> {
        T at(Session session) throws SQLException;
    }

    <T> T read(Look<T> look) {
        Session session = borrow();
        try {
            if (closed) throw new Store.StoreException("the store is closed");
            return look.at(session);
        } catch (SQLException failed) {
            throw new Store.StoreException("reading failed: " + failed.getMessage(), failed);
        } finally {
            idle.add(session);
        }
    }

    /** An interrupt does not end a read, it only waits for its turn: reads are short. */
    private Session borrow() {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return idle.take();
                } catch (InterruptedException _) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) Thread.currentThread().interrupt();
        }
    }

    /** Waits for reads under way. */
    @Override
    public void close() throws SQLException {
        closed = true;
        for (int i = 0; i < CONNECTIONS; i++) borrow();
        for (Session session : sessions) session.close();
        idle.addAll(sessions); // whoever waits for one must wake up to hear that it is too late
    }
}
