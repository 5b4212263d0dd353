package io.trainyard.contract.trainer;

import io.trainyard.job.Attempt;
import io.trainyard.job.Event;
import io.trainyard.job.Identity;
import io.trainyard.job.Job;
import io.trainyard.job.JobId;
import io.trainyard.job.JobState;
import io.trainyard.job.Wish;
import io.trainyard.store.Events;
import io.trainyard.store.Jobs;
import io.trainyard.store.Logs;
import io.trainyard.store.Metrics;
import io.trainyard.store.Outbox;
import io.trainyard.store.Store;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/** Only what a contract calls: create, find, newest, wish. */
final class RememberedJobs implements Jobs {
    private final List<NewJob> all = new ArrayList<>();
    private final Map<JobId, Job> now = new HashMap<>();

    synchronized int size() {
        return all.size();
    }

    private Job current(NewJob created) {
        return Objects.requireNonNull(now.get(created.job().id()));
    }

    synchronized Job last() {
        return current(all.getLast());
    }

    synchronized Map<String, byte[]> lastSecrets() {
        return all.getLast().secrets();
    }

    /** Moves the last job, as the reconciler would. */
    synchronized void move(UnaryOperator<Job> change) {
        Job last = last();
        now.put(last.id(), change.apply(last));
    }

    @Override
    public synchronized Creation create(NewJob wanted) {
        for (NewJob earlier : all) {
            boolean same = Arrays.equals(earlier.fingerprint(), wanted.fingerprint());
            Job job = current(earlier);
            if (wanted.idempotencyKey().isPresent() && wanted.idempotencyKey().equals(earlier.idempotencyKey()))
                return same ? new Creation.Repeated(job) : new Creation.KeyReused(job);
            if (job.identity().equals(wanted.job().identity()) && same) return new Creation.Repeated(job);
            if (job.identity().equals(wanted.job().identity()) && !job.state().ended())
                return new Creation.ClientIdTaken(job);
        }
        all.add(wanted);
        now.put(wanted.job().id(), wanted.job());
        return new Creation.Created(wanted.job());
    }

    @Override
    public synchronized Optional<Job> find(JobId id) {
        return Optional.ofNullable(now.get(id));
    }

    @Override
    public synchronized Optional<Job> newest(Identity identity) {
        return all.reversed().stream()
                .map(this::current)
                .filter(job -> job.identity().equals(identity))
                .findFirst();
    }

    @Override
    public synchronized Optional<Job> wish(JobId id, Wish wish, Instant at) {
        return Optional.ofNullable(now.computeIfPresent(
                id, (_, job) -> job.state() instanceof JobState.Done ? job : job.withWish(wish, at)));
    }

    Store store() {
        return new OnlyJobs(this);
    }

    private static UnsupportedOperationException notAsked() {
        return new UnsupportedOperationException("a contract does not ask this");
    }

    @Override
    public List<JobId> startingWith(String prefix, int limit) {
        throw notAsked();
    }

    @Override
    public Page list(Filter filter, Optional<String> cursor, int limit) {
        throw notAsked();
    }

    @Override
    public List<Job> waiting(String backend, Instant at, int limit) {
        throw notAsked();
    }

    @Override
    public long ahead(Job waiting) {
        throw notAsked();
    }

    @Override
    public Optional<Instant> nextDue(Instant at) {
        throw notAsked();
    }

    @Override
    public List<JobId> active() {
        throw notAsked();
    }

    @Override
    public List<Attempt> live(String backend) {
        throw notAsked();
    }

    @Override
    public boolean transition(Job next, Event event) {
        throw notAsked();
    }

    @Override
    public boolean remove(JobId id) {
        throw notAsked();
    }

    @Override
    public List<AttemptRecord> attempts(JobId id) {
        throw notAsked();
    }

    @Override
    public Map<String, byte[]> secrets(JobId id) {
        throw notAsked();
    }

    private record OnlyJobs(Jobs jobs) implements Store {
        @Override
        public Events events() {
            throw notAsked();
        }

        @Override
        public Metrics metrics() {
            throw notAsked();
        }

        @Override
        public Logs logs() {
            throw notAsked();
        }

        @Override
        public Outbox outbox() {
            throw notAsked();
        }

        @Override
        public void subscribe(Consumer<Change> listener) {
            throw notAsked();
        }

        @Override
        public void close() {}
    }
}
