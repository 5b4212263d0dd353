package io.trainyard.store;

import io.trainyard.job.Job;
import io.trainyard.job.JobId;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The durable truth. A verb that writes returns when its transaction is on disk, and changes job, event and outbox
 * together or not at all. Verbs block; call them on virtual threads. A failing disk is an unchecked
 * {@link StoreException}.
 */
public interface Store extends AutoCloseable {
    Jobs jobs();

    Events events();

    Metrics metrics();

    Logs logs();

    Outbox outbox();

    /**
     * Told after each commit, on the writer's thread: must be quick and must not call the store. Hints only: one may be
     * lost at a crash, so whoever listens also looks by itself now and then.
     */
    void subscribe(Consumer<Change> listener);

    @Override
    void close();

    /** @param backend the one whose queue or slots it concerns; empty where it may be any */
    record Change(JobId job, Kind kind, Optional<String> backend) {
        Change(JobId job, Kind kind) {
            this(job, kind, Optional.empty());
        }

        Change(Job job, Kind kind) {
            this(job.id(), kind, Optional.of(job.backend()));
        }

        public enum Kind {
            CREATED,
            WISH,
            STATE,
            PROGRESS,
            LOG,
            /** Somebody has to be told something. */
            OUTBOX
        }
    }

    /** The disk or the database failed; nothing is known to be written. */
    final class StoreException extends RuntimeException {
        private static final long serialVersionUID = 1;

        public StoreException(String message) {
            super(message);
        }

        public StoreException(String message, Throwable cause) {
            super(message, cause);
        }
    }
}
