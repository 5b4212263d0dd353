package io.trainyard.store;

import io.trainyard.job.Event;
import io.trainyard.job.JobId;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * The store without a disk, for tests and simulations: the same contract, nothing encoded, one lock. Hints come on the
 * thread of the caller, before its verb returns, so that a simulation on one thread is the same every time.
 */
public final class MemoryStore implements Store {
    /** Guards every {@link MemoryJob} and the collections of {@link MemoryJobs}. */
    private final Object lock = new Object();

    private final MemoryJobs jobs;
    private final MemoryOutbox outbox = new MemoryOutbox(this);
    private final List<Consumer<Change>> listeners = new CopyOnWriteArrayList<>();

    /** @param clock tells when an idempotency key is forgotten */
    public MemoryStore(InstantSource clock) {
        this.jobs = new MemoryJobs(this, clock);
    }

    @Override
    public Jobs jobs() {
        return jobs;
    }

    @Override
    public Events events() {
        return new MemoryEvents();
    }

    @Override
    public Metrics metrics() {
        return new MemoryMetrics(this);
    }

    @Override
    public Logs logs() {
        return new MemoryLogs(this);
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
    public void close() {}

    /** One verb, alone with the data. */
    <T> T alone(Function<List<Change>, T> verb) {
        var changes = new ArrayList<Change>();
        T result;
        synchronized (lock) {
            result = verb.apply(changes);
        }
        for (Change change : changes) listeners.forEach(listener -> listener.accept(change));
        return result;
    }

    Optional<MemoryJob> entry(JobId id) {
        return jobs.entry(id);
    }

    Stream<MemoryJob> entries() {
        return jobs.entries();
    }

    /** Looks at a job, or answers for one that is not there. */
    <T> T at(JobId id, T missing, Function<MemoryJob, T> look) {
        return alone(_ -> jobs.entry(id).map(look).orElse(missing));
    }

    /** Changes a job that is there. */
    void change(JobId id, Change.Kind kind, Consumer<MemoryJob> verb) {
        alone(changes -> {
            jobs.entry(id).ifPresent(entry -> {
                verb.accept(entry);
                changes.add(new Change(id, kind));
            });
            return true;
        });
    }

    /** Numbers the event, and puts it into the outbox where somebody wants to be told. */
    void record(MemoryJob entry, List<Change> changes, Event event) {
        var numbered = new Event(
                event.job(), entry.events.size() + 1, event.at(), event.kind(), event.attempt(), event.message());
        entry.events.add(numbered);
        if (entry.webhooks == 0) return;
        outbox.put(entry, numbered);
        changes.add(new Change(event.job(), Change.Kind.OUTBOX));
    }

    void forget(MemoryJob entry) {
        outbox.forget(entry);
    }

    private final class MemoryEvents implements Events {
        @Override
        public List<Event> after(JobId job, long sequence, int limit) {
            return at(
                    job,
                    List.of(),
                    entry -> entry.events.stream()
                            .skip(Math.max(0, sequence))
                            .limit(limit)
                            .toList());
        }

        @Override
        public void append(Event event) {
            alone(changes -> {
                jobs.entry(event.job()).ifPresent(entry -> {
                    changes.add(new Change(event.job(), Change.Kind.PROGRESS));
                    record(entry, changes, event);
                });
                return true;
            });
        }
    }
}
