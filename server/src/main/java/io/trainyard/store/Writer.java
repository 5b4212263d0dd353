package io.trainyard.store;

import io.trainyard.store.Store.Change;
import io.trainyard.store.Store.StoreException;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.sqlite.SQLiteErrorCode;

/**
 * The one thread that writes a database. Whatever is there by the time the last one ran, at most {@link #MAX_BATCH},
 * shares one transaction and one sync of the disk; nothing ever waits for a batch to fill. Callers go on after the commit.
 *
 * <p>A work that fails by its own fault takes nobody along: the transaction is rolled back and run again without it.
 * That is why works must be repeatable: they read and write the session and touch nothing else. A savepoint around
 * each would do as well, but costs two statements a work on the good path.
 */
final class Writer implements AutoCloseable {
    static final int MAX_BATCH = 256;
    private static final System.Logger LOG = System.getLogger(Writer.class.getName());

    private final String name;
    private final Session session;
    private final FaultPoints faults;
    private final Consumer<Change> listener;
    private final ConcurrentLinkedQueue<Task<?>> queue = new ConcurrentLinkedQueue<>();
    private final Thread thread;
    private volatile boolean idle;
    private volatile boolean closing;
    private volatile boolean gone;

    Writer(String name, Session session, FaultPoints faults, Consumer<Change> listener) {
        this.name = name;
        this.session = session;
        this.faults = faults;
        this.listener = listener;
        this.thread = Thread.ofPlatform().name("store-writer-" + name).daemon().start(this::loop);
    }

    /** One command; it adds what others should hear after the commit. */
    interface Work<T> {
        T run(Session session, List<Change> changes) throws SQLException;
    }

    private static final class Task<T> {
        final Work<T> work;
        final Thread waiter = Thread.currentThread();

        @Nullable
        T result;

        @Nullable
        Throwable failure;

        volatile boolean done;

        Task(Work<T> work) {
            this.work = work;
        }

        void run(Session session, List<Change> changes) throws SQLException {
            result = work.run(session, changes);
        }

        void finish(@Nullable Throwable why) {
            failure = why;
            done = true;
            LockSupport.unpark(waiter);
        }
    }

    /** Returns when the work is on disk. */
    <T> T write(Work<T> work) {
        var task = new Task<>(work);
        queue.add(task);
        if (idle) LockSupport.unpark(thread);
        if (gone && queue.remove(task)) throw closed();
        boolean interrupted = false;
        while (!task.done) {
            LockSupport.park(this);
            // What was handed in will be written; an interrupt can only be passed on afterwards.
            interrupted |= Thread.interrupted();
        }
        if (interrupted) Thread.currentThread().interrupt();
        if (task.failure != null) throw thrown(task.failure);
        return Objects.requireNonNull(task.result);
    }

    private RuntimeException thrown(Throwable failure) {
        return switch (failure) {
            case StoreException known -> new StoreException(String.valueOf(known.getMessage()), known);
            case SQLException sql when ownFault(sql) -> new IllegalStateException(name + ": " + sql.getMessage(), sql);
            case SQLException sql -> new StoreException(name + ": not written: " + sql.getMessage(), sql);
            default -> new IllegalStateException(name + ": " + failure.getMessage(), failure);
        };
    }

    private StoreException closed() {
        return new StoreException(name + ": the store is closed");
    }

    private void loop() {
        var batch = new ArrayList<Task<?>>(MAX_BATCH);
        while (take(batch)) {
            try {
                write(batch);
            } catch (Throwable unexpected) { // an Error here would otherwise leave every caller waiting for ever
                rollBack();
                finish(batch, unexpected);
            }
            batch.clear();
        }
        gone = true;
        for (Task<?> late = queue.poll(); late != null; late = queue.poll()) late.finish(closed());
    }

    /** @return false when there is nothing left to do for ever */
    private boolean take(List<Task<?>> batch) {
        Task<?> task = queue.poll();
        while (task == null) {
            if (closing) return false;
            idle = true;
            if (queue.isEmpty() && !closing) LockSupport.park(this);
            idle = false;
            task = queue.poll();
        }
        batch.add(task);
        return true;
    }

    /** Whether there is one more to run before the commit: whoever came while the others ran comes along. */
    private boolean hasNext(List<Task<?>> batch, int done) {
        if (done < batch.size()) return true;
        Task<?> late = batch.size() < MAX_BATCH ? queue.poll() : null;
        return late != null && batch.add(late);
    }

    private void write(List<Task<?>> batch) {
        var changes = new ArrayList<Change>();
        while (!batch.isEmpty()) {
            changes.clear();
            Task<?> current = null;
            try {
                session.update("BEGIN IMMEDIATE");
                for (int done = 0; hasNext(batch, done); done++) {
                    current = batch.get(done);
                    current.run(session, changes);
                }
                current = null;
                faults.reached(FaultPoints.BEFORE_COMMIT);
                session.update("COMMIT");
            } catch (SQLException | RuntimeException failed) {
                rollBack();
                if (current == null || !ownFault(failed)) {
                    var failure = failed instanceof SQLException
                            ? failed
                            : new StoreException(name + ": not written: " + failed.getMessage(), failed);
                    finish(batch, failure);
                    return;
                }
                batch.remove(current);
                current.finish(failed);
                continue;
            }
            faults.reached(FaultPoints.AFTER_COMMIT);
            finish(batch, null);
            changes.forEach(this::tell);
            return;
        }
    }

    /** Whether this work alone is to blame, not the disk. */
    private static boolean ownFault(Exception failed) {
        return !(failed instanceof SQLException sql)
                || (sql.getErrorCode() & 0xFF) == SQLiteErrorCode.SQLITE_CONSTRAINT.code;
    }

    private static void finish(List<Task<?>> batch, @Nullable Throwable why) {
        for (Task<?> task : batch) if (!task.done) task.finish(why);
    }

    private void rollBack() {
        try {
            session.update("ROLLBACK");
        } catch (SQLException _) {
            // Some failures have ended the transaction already, and then there is none to roll back.
        }
    }

    private void tell(Change change) {
        try {
            listener.accept(change);
        } catch (RuntimeException failed) {
            LOG.log(System.Logger.Level.ERROR, "a listener failed at " + change, failed);
        }
    }

    /** Writes what waits, then ends. */
    @Override
    public void close() throws SQLException {
        closing = true;
        LockSupport.unpark(thread);
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException _) {
                interrupted = true;
            }
        }
        if (interrupted) Thread.currentThread().interrupt();
        session.close();
    }
}
