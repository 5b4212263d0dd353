package io.trainyard.store;

import io.trainyard.job.Event;
import io.trainyard.job.JobId;
import io.trainyard.job.JobState;
import io.trainyard.store.Store.Change;
import java.time.Instant;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import java.util.stream.Stream;

/** Guarded by the lock of its {@link MemoryStore}. */
final class MemoryOutbox implements Outbox {
    private final MemoryStore store;
    /** Jobs with something to be told. */
    private final Set<MemoryJob> telling = new LinkedHashSet<>();

    private long deliveries;
    private long logged;

    MemoryOutbox(MemoryStore store) {
        this.store = store;
    }

    void put(MemoryJob entry, Event event) {
        for (int webhook = 0; webhook < Long.SIZE; webhook++)
            if ((entry.webhooks >> webhook & 1) == 1) put(entry, webhook, event, event.at());
    }

    private void put(MemoryJob entry, int webhook, Event event, Instant due) {
        entry.outbox.add(new Delivery(++deliveries, event.job(), webhook, event, 0, due));
        telling.add(entry);
    }

    void forget(MemoryJob entry) {
        telling.remove(entry);
    }

    private static Stream<Delivery> heads(MemoryJob entry) {
        var met = new TreeSet<Integer>();
        return entry.outbox.stream().filter(delivery -> met.add(delivery.webhook())).toList().stream();
    }

    @Override
    public List<Delivery> due(Instant now, int limit) {
        return store.alone(_ -> telling.stream()
                .flatMap(MemoryOutbox::heads)
                .filter(delivery -> !delivery.due().isAfter(now))
                .sorted(Comparator.comparing(Delivery::due).thenComparingLong(Delivery::id))
                .limit(limit)
                .toList());
    }

    @Override
    public Optional<Instant> nextDue(Instant now) {
        return store.alone(_ -> telling.stream()
                .flatMap(MemoryOutbox::heads)
                .map(Delivery::due)
                .filter(due -> due.isAfter(now))
                .min(Comparator.naturalOrder()));
    }

    @Override
    public List<Delivery> heads(JobId job) {
        return store.at(
                job,
                List.of(),
                entry -> heads(entry)
                        .sorted(Comparator.comparingInt(Delivery::webhook))
                        .toList());
    }

    @Override
    public List<JobId> running() {
        return store.alone(_ -> store.entries()
                .filter(entry -> entry.webhooks != 0 && entry.job.state() instanceof JobState.Running)
                .map(entry -> entry.job.id())
                .toList());
    }

    private void at(long id, BiConsumer<MemoryJob, Delivery> verb) {
        store.alone(_ -> {
            for (MemoryJob entry : List.copyOf(telling))
                for (Delivery delivery : List.copyOf(entry.outbox))
                    if (delivery.id() == id) verb.accept(entry, delivery);
            return telling.removeIf(entry -> entry.outbox.isEmpty());
        });
    }

    @Override
    public void settled(long id, Optional<Try> made) {
        at(id, (entry, delivery) -> {
            entry.outbox.remove(delivery);
            made.ifPresent(tried -> log(entry, tried));
        });
    }

    @Override
    public void retryAt(long id, Instant due, Try made) {
        at(id, (entry, delivery) -> {
            var later =
                    new Delivery(id, delivery.job(), delivery.webhook(), delivery.event(), delivery.tries() + 1, due);
            entry.outbox.set(entry.outbox.indexOf(delivery), later);
            log(entry, made);
        });
    }

    @Override
    public void disable(JobId job, Try made) {
        store.alone(_ -> {
            store.entry(job).ifPresent(entry -> {
                entry.webhooks &= ~(1L << made.webhook());
                entry.outbox.removeIf(delivery -> delivery.webhook() == made.webhook());
                log(entry, made);
            });
            return telling.removeIf(entry -> entry.outbox.isEmpty());
        });
    }

    @Override
    public void log(JobId job, Try made) {
        store.alone(_ -> {
            store.entry(job).ifPresent(entry -> log(entry, made));
            return true;
        });
    }

    private void log(MemoryJob entry, Try made) {
        entry.tries.add(new LoggedTry(++logged, made));
        if (entry.tries.size() > KEPT_TRIES) entry.tries.removeFirst();
    }

    @Override
    public List<LoggedTry> tries(JobId job, int limit) {
        return store.at(
                job,
                List.of(),
                entry -> entry.tries.reversed().stream().limit(limit).toList());
    }

    @Override
    public Standing standing(JobId job, int webhook) {
        return store.at(
                job,
                new Standing(false, 0),
                entry -> new Standing(
                        (entry.webhooks >> webhook & 1) == 1,
                        entry.outbox.stream()
                                .filter(delivery -> delivery.webhook() == webhook)
                                .count()));
    }

    @Override
    public boolean replay(JobId job, long loggedTry, Instant now) {
        return store.alone(changes -> {
            Optional<MemoryJob> entry = store.entry(job);
            Optional<Try> found = entry.stream()
                    .flatMap(each -> each.tries.stream())
                    .filter(each -> each.id() == loggedTry && each.made().sequence() > 0)
                    .map(LoggedTry::made)
                    .findFirst();
            if (entry.isEmpty() || found.isEmpty()) return false;
            replay(entry.get(), found.get(), now);
            return changes.add(new Change(job, Change.Kind.OUTBOX));
        });
    }

    private void replay(MemoryJob entry, Try again, Instant now) {
        entry.webhooks |= 1L << again.webhook();
        boolean waits = false;
        for (Delivery old : List.copyOf(entry.outbox)) {
            if (old.webhook() != again.webhook() || old.event().sequence() != again.sequence()) continue;
            waits = true;
            var sooner = new Delivery(old.id(), old.job(), old.webhook(), old.event(), old.tries(), now);
            entry.outbox.set(entry.outbox.indexOf(old), sooner);
        }
        if (!waits) put(entry, again.webhook(), entry.events.get((int) again.sequence() - 1), now);
    }
}
