package io.trainyard.store;

import io.trainyard.job.Event;
import io.trainyard.job.JobId;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * The store without a disk, for tests and simulations: the same contract, nothing encoded, one lock. Hints come on the
 * thread of the caller, before its verb returns, so that a simulation on one thread is the same every time.
 */
public final class MemoryStore implements Store {
    /** Guards every {@link MemoryJob} and the collections of {@link MemoryJobs}. */
    private final Object lock = new Object();

    private final MemoryJobs jobs;
    private final Set<MemoryJob> telling = new LinkedHashSet<>();
    private final List<Consumer<Change>> listeners = new CopyOnWriteArrayList<>();
    private long deliveries;

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
        return new MemoryOutbox();
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
    void record(MemoryJob entry, Event event) {
        var numbered = new Event(
                event.job(), entry.events.size() + 1, event.at(), event.kind(), event.attempt(), event.message());
        entry.events.add(numbered);
        if (entry.job.spec().webhooks().isEmpty()) return;
        entry.outbox.add(new Outbox.Delivery(++deliveries, event.job(), numbered, 0, event.at()));
        telling.add(entry);
    }

    void forget(MemoryJob entry) {
        telling.remove(entry);
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
            change(event.job(), Change.Kind.PROGRESS, entry -> record(entry, event));
        }
    }

    private final class MemoryOutbox implements Outbox {
        @Override
        public List<Delivery> due(Instant now, int limit) {
            return alone(_ -> telling.stream()
                    .map(entry -> entry.outbox.getFirst())
                    .filter(delivery -> !delivery.due().isAfter(now))
                    .sorted(Comparator.comparing(Delivery::due).thenComparingLong(Delivery::id))
                    .limit(limit)
                    .toList());
        }

        @Override
        public void delivered(long id) {
            alone(_ -> {
                for (MemoryJob entry : telling) entry.outbox.removeIf(delivery -> delivery.id() == id);
                return telling.removeIf(entry -> entry.outbox.isEmpty());
            });
        }

        @Override
        public void retryAt(long id, Instant due) {
            alone(_ -> {
                for (MemoryJob entry : telling)
                    entry.outbox.replaceAll(old ->
                            old.id() == id ? new Delivery(id, old.job(), old.event(), old.tries() + 1, due) : old);
                return true;
            });
        }

        @Override
        public void abandon(JobId job) {
            alone(_ -> {
                jobs.entry(job).ifPresent(entry -> entry.outbox.clear());
                return telling.removeIf(entry -> entry.outbox.isEmpty());
            });
        }
    }
}
