package io.trainyard.store;

import io.trainyard.job.Attempt;
import io.trainyard.job.Event;
import io.trainyard.job.Handle;
import io.trainyard.job.Identity;
import io.trainyard.job.Job;
import io.trainyard.job.JobId;
import io.trainyard.job.JobState;
import io.trainyard.job.Wish;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Jobs, their attempts and their sealed secrets. */
public interface Jobs {
    /** Writes a new job and its first events, unless the same was asked before. */
    Creation create(NewJob wanted);

    Optional<Job> find(JobId id);

    /** The first of the jobs of which this one is a retry, or itself: whose checkpoints it uses. */
    default JobId origin(Job job) {
        Job first = job;
        while (first.retryOf().isPresent()) {
            Optional<Job> earlier = find(first.retryOf().get());
            if (earlier.isEmpty()) return first.retryOf().get();
            first = earlier.get();
        }
        return first.id();
    }

    /** The newest generation under a client's own id; the identity's generation is ignored. */
    Optional<Job> newest(Identity identity);

    /** Ids that start like this, oldest first. */
    List<JobId> startingWith(String prefix, int limit);

    /** Newest first. */
    Page list(Filter filter, Optional<String> cursor, int limit);

    /** Jobs waiting for a slot of this backend whose moment has come: priority first, then arrival. */
    List<Job> waiting(String backend, Instant now, int limit);

    /** The first of {@link #waiting}. */
    Optional<JobId> firstWaiting(String backend, Instant now);

    /** How many jobs stand before this waiting one. */
    long ahead(Job waiting);

    /**
     * The earliest moment after now at which a waiting job becomes due, over all backends. A job that was due when it
     * was created is not meant: its creation is the hint.
     */
    Optional<Instant> nextDue(Instant now);

    /**
     * Jobs that need looking at: those with a live attempt, waiting or paused ones whose wish says otherwise, and ended
     * ones that shall be deleted.
     */
    List<JobId> active();

    /** Attempts that hold a grant on this backend now. */
    List<Attempt> live(String backend);

    /**
     * Writes the job as it is now and one event, if it is still at the version that was read; the version counts up.
     * A grown attempt is recorded with it, and an outbox row when somebody wants to be told.
     *
     * @return false when someone was first: read again
     */
    boolean transition(Job next, Event event);

    /** Records a wish and its event, whatever the version. Without effect on a finished job or an equal wish. */
    Optional<Job> wish(JobId id, Wish wish, Instant at);

    /** A job that was deleted while it was alive stays this long, where somebody is still to be told of its end. */
    Duration TELLING_BEFORE_REMOVAL = Duration.ofMinutes(1);

    /**
     * Removes a finished job and all that belongs to it; false when it is not finished, not there, or has to stay a
     * little for {@link #TELLING_BEFORE_REMOVAL}.
     */
    boolean remove(JobId id);

    /** All attempts of a job, by number. */
    List<AttemptRecord> attempts(JobId id);

    /** Of what was asked for, as in {@link NewJob}. */
    byte[] fingerprint(JobId id);

    /** Sealed values by secret name. */
    Map<String, byte[]> secrets(JobId id);

    /**
     * @param history its first events, in order; more than one for a job that is over as soon as it is recorded
     * @param fingerprint of the request after defaults, to tell a repeat under the same client id from another request
     * @param idForGood whether the client id stays taken when its job has finished
     */
    record NewJob(
            Job job,
            List<Event> history,
            Map<String, byte[]> secrets,
            byte[] fingerprint,
            Optional<Key> key,
            boolean idForGood) {
        public NewJob {
            history = List.copyOf(history);
            if (history.isEmpty()) throw new IllegalArgumentException("a new job without an event: " + job.id());
        }

        /** A job whose client id is free again once it has finished. */
        public NewJob(
                Job job, List<Event> history, Map<String, byte[]> secrets, byte[] fingerprint, Optional<Key> key) {
            this(job, history, secrets, fingerprint, key, false);
        }

        /** The same with one event. */
        public NewJob(Job job, Event submitted, Map<String, byte[]> secrets, byte[] fingerprint, Optional<Key> key) {
            this(job, List.of(submitted), secrets, fingerprint, key);
        }

        /** Whether a job of the same client id keeps this one from being made. */
        boolean heldUpBy(JobState state) {
            return idForGood || !state.ended();
        }
    }

    /**
     * An Idempotency-Key.
     *
     * @param fingerprint of what was asked under it, which need not be the job's own request: a retry is asked for in
     *     other words
     */
    record Key(String text, byte[] fingerprint) {}

    sealed interface Creation {
        Job job();

        record Created(Job job) implements Creation {}

        /** The same was asked before: this is the first job. */
        record Repeated(Job job) implements Creation {}

        /** A job with another request has that client id, unfinished or for good. */
        record ClientIdTaken(Job job) implements Creation {}

        /** The idempotency key came before with another request. */
        record KeyReused(Job job) implements Creation {}
    }

    /**
     * Empty fields do not narrow. States are the words of {@link StateWord}.
     *
     * @param text a part of the name in any case, or of our id or the client's id as they are written
     */
    record Filter(
            Optional<String> project,
            List<StateWord> states,
            Optional<String> contract,
            Optional<String> backend,
            Map<String, String> labels,
            Optional<String> nameContains,
            Optional<String> text,
            Span created) {
        public static final Filter ALL =
                new Filter(Optional.empty(), List.of(), Optional.empty(), Optional.empty(), Map.of(), Optional.empty());

        public Filter {
            states = List.copyOf(states);
            labels = Map.copyOf(labels);
        }

        /** Whatever the time, and without a text to search. */
        public Filter(
                Optional<String> project,
                List<StateWord> states,
                Optional<String> contract,
                Optional<String> backend,
                Map<String, String> labels,
                Optional<String> nameContains) {
            this(project, states, contract, backend, labels, nameContains, Optional.empty(), Span.EVER);
        }
    }

    /** From a moment on and before another, so that neighbouring spans share nothing. */
    record Span(Optional<Instant> from, Optional<Instant> before) {
        public static final Span EVER = new Span(Optional.empty(), Optional.empty());

        boolean holds(Instant moment) {
            return from.filter(moment::isBefore).isEmpty()
                    && before.filter(end -> !moment.isBefore(end)).isEmpty();
        }
    }

    /** @param next cursor of the following page, stable while jobs come and go; empty on the last page */
    record Page(List<Job> jobs, Optional<String> next) {}

    /**
     * @param handle the last that was known of what the backend created for it
     * @param end why and how it ended, absent while it lives
     */
    record AttemptRecord(
            Attempt attempt, Optional<Handle> handle, Instant created, Optional<Instant> ended, Optional<String> end) {
        AttemptRecord with(Handle known) {
            return new AttemptRecord(attempt, Optional.of(known), created, ended, end);
        }
    }
}
