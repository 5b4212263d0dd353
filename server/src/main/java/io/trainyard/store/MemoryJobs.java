package io.trainyard.store;

import io.trainyard.job.Attempt;
import io.trainyard.job.Event;
import io.trainyard.job.Identity;
import io.trainyard.job.Job;
import io.trainyard.job.JobId;
import io.trainyard.job.JobState.Paused;
import io.trainyard.job.JobState.Queued;
import io.trainyard.job.Wish;
import io.trainyard.store.Store.Change;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Guarded by the lock of its {@link MemoryStore}. Long because {@link Jobs} is: a method for each of its own. */
final class MemoryJobs implements Jobs {
    private static final Comparator<MemoryJob> QUEUE_ORDER = Comparator.<MemoryJob>comparingInt(
                    entry -> -entry.job.spec().policy().priority())
            .thenComparingLong(entry -> entry.arrival);

    private final MemoryStore store;
    private final InstantSource clock;
    private final TreeMap<JobId, MemoryJob> byId = new TreeMap<>();
    private final TreeMap<Long, MemoryJob> byArrival = new TreeMap<>();
    /** With those that have ended and are still to be deleted. */
    private final TreeMap<Long, MemoryJob> unfinished = new TreeMap<>();

    private final Map<Identity, List<MemoryJob>> byClient = new HashMap<>();
    private final MemoryKeys keys = new MemoryKeys();
    private long arrivals;

    MemoryJobs(MemoryStore store, InstantSource clock) {
        this.store = store;
        this.clock = clock;
    }

    Optional<MemoryJob> entry(JobId id) {
        return Optional.ofNullable(byId.get(id));
    }

    Stream<MemoryJob> entries() {
        return byArrival.values().stream();
    }

    @Override
    public Creation create(NewJob wanted) {
        return store.alone(changes -> {
            Instant now = clock.instant();
            Identity identity = wanted.job().identity();
            var use = keys.use(wanted, now);
            if (use.isPresent()) {
                Job first = use.get().entry().job;
                byte[] asked = wanted.key().get().fingerprint();
                return Arrays.equals(use.get().fingerprint(), asked)
                        ? new Creation.Repeated(first)
                        : new Creation.KeyReused(first);
            }
            var newest = newestEntry(identity);
            if (newest.isPresent() && wanted.heldUpBy(newest.get().job.state())) {
                MemoryJob first = newest.get();
                if (!Arrays.equals(first.fingerprint, wanted.fingerprint()))
                    return new Creation.ClientIdTaken(first.job);
                keys.remember(wanted, first, now);
                return new Creation.Repeated(first.job);
            }
            if (byId.containsKey(wanted.job().id()))
                throw new IllegalStateException("a second job " + wanted.job().id());
            Job job =
                    newest.map(finished -> wanted.job().asRetryOf(finished.job)).orElse(wanted.job());
            var entry = new MemoryJob(++arrivals, job, wanted.fingerprint(), wanted.secrets());
            put(entry);
            keys.remember(wanted, entry, now);
            changes.add(new Change(job, Change.Kind.CREATED));
            if (job.state().liveAttempt().isPresent()) {
                keepAttempts(entry, wanted.history().getLast());
                changes.add(new Change(job, Change.Kind.STATE));
            }
            for (Event event : wanted.history()) store.record(entry, changes, event);
            return new Creation.Created(job);
        });
    }

    private void put(MemoryJob entry) {
        byId.put(entry.job.id(), entry);
        byArrival.put(entry.arrival, entry);
        if (!entry.job.state().ended()) unfinished.put(entry.arrival, entry);
        client(entry.job.identity())
                .ifPresent(client ->
                        byClient.computeIfAbsent(client, _ -> new ArrayList<>()).add(entry));
    }

    private static Optional<Identity> client(Identity identity) {
        return identity.clientId().map(_ -> identity.withGeneration(0));
    }

    private Optional<MemoryJob> newestEntry(Identity identity) {
        return client(identity).map(byClient::get).map(List::getLast);
    }

    @Override
    public Optional<Job> find(JobId id) {
        return store.at(id, Optional.empty(), entry -> Optional.of(entry.job));
    }

    @Override
    public Optional<Job> newest(Identity identity) {
        return store.alone(_ -> newestEntry(identity).map(entry -> entry.job));
    }

    @Override
    public List<JobId> startingWith(String prefix, int limit) {
        return store.alone(_ -> byId.keySet().stream()
                .filter(id -> id.value().startsWith(prefix))
                .limit(limit)
                .toList());
    }

    @Override
    public Page list(Filter filter, Optional<String> cursor, int limit) {
        long before = cursor.map(Cursor::read).orElse(Long.MAX_VALUE);
        return store.alone(_ -> {
            var found = byArrival.headMap(before, false).descendingMap().values().stream()
                    .filter(entry -> matches(entry.job, filter))
                    .limit(limit + 1L)
                    .toList();
            boolean more = found.size() > limit;
            var page = more ? found.subList(0, limit) : found;
            return new Page(
                    page.stream().map(entry -> entry.job).toList(),
                    more ? Optional.of(Cursor.write(page.getLast().arrival)) : Optional.empty());
        });
    }

    private static boolean matches(Job job, Filter filter) {
        String name = job.spec().name().toLowerCase(Locale.ROOT);
        return filter.project()
                        .filter(value -> !value.equals(job.identity().project()))
                        .isEmpty()
                && filter.contract()
                        .filter(value -> !value.equals(job.identity().contract()))
                        .isEmpty()
                && filter.backend()
                        .filter(value -> !value.equals(job.backend()))
                        .isEmpty()
                && filter.nameContains()
                        .filter(value -> !name.contains(value.toLowerCase(Locale.ROOT)))
                        .isEmpty()
                && filter.text()
                        .filter(value -> !name.contains(value.toLowerCase(Locale.ROOT))
                                && !job.id().value().contains(value)
                                && !job.identity().clientId().orElse("").contains(value))
                        .isEmpty()
                && filter.created().holds(job.created())
                && (filter.states().isEmpty() || filter.states().contains(StateWord.of(job.state())))
                && job.spec().labels().entrySet().containsAll(filter.labels().entrySet());
    }

    /** Those that wait for a slot, whether their moment has come or not. */
    private Stream<MemoryJob> queue() {
        return unfinished.values().stream()
                .filter(entry -> entry.job.state() instanceof Queued && entry.job.wish() == Wish.RUN);
    }

    private static Instant notBefore(MemoryJob entry) {
        return entry.job.state() instanceof Queued queued ? queued.notBefore() : Instant.MAX;
    }

    @Override
    public List<Job> waiting(String backend, Instant now, int limit) {
        return store.alone(_ -> queue().filter(entry ->
                        entry.job.backend().equals(backend) && !notBefore(entry).isAfter(now))
                .sorted(QUEUE_ORDER)
                .limit(limit)
                .map(entry -> entry.job)
                .toList());
    }

    @Override
    public Optional<JobId> firstWaiting(String backend, Instant now) {
        return waiting(backend, now, 1).stream().map(Job::id).findFirst();
    }

    @Override
    public long ahead(Job waiting) {
        return store.alone(_ -> queue().filter(me -> me.job.id().equals(waiting.id()))
                .findFirst()
                .map(me -> queue().filter(other ->
                                other.job.backend().equals(me.job.backend()) && QUEUE_ORDER.compare(other, me) < 0)
                        .count())
                .orElse(0L));
    }

    @Override
    public Optional<Instant> nextDue(Instant now) {
        return store.alone(_ -> queue().filter(entry -> notBefore(entry).isAfter(entry.job.created()))
                .map(MemoryJobs::notBefore)
                .filter(due -> due.isAfter(now))
                .min(Comparator.naturalOrder()));
    }

    @Override
    public List<JobId> active() {
        return store.alone(_ -> unfinished.values().stream()
                .map(entry -> entry.job)
                .filter(job -> job.state().liveAttempt().isPresent()
                        || (job.state() instanceof Queued && job.wish() != Wish.RUN)
                        || (job.state() instanceof Paused && job.wish() != Wish.PAUSE)
                        || (job.state().ended() && job.wish() == Wish.DELETE))
                .map(Job::id)
                .toList());
    }

    @Override
    public List<Attempt> live(String backend) {
        return store.alone(_ -> unfinished.values().stream()
                .flatMap(entry -> entry.job.state().liveAttempt().stream())
                .filter(attempt -> attempt.backend().equals(backend))
                .toList());
    }

    @Override
    public boolean transition(Job next, Event event) {
        if (!event.job().equals(next.id()))
            throw new IllegalArgumentException("an event of " + event.job() + " with a change of " + next.id());
        return store.alone(changes -> {
            MemoryJob entry = byId.get(next.id());
            if (entry == null
                    || entry.job.version() != next.version()
                    || entry.job.state().ended()) return false;
            entry.job = next.withVersion(next.version() + 1);
            if (next.state().ended() && next.wish() != Wish.DELETE) unfinished.remove(entry.arrival);
            keepAttempts(entry, event);
            changes.add(
                    event.kind() == Event.Kind.FALLBACK
                            ? new Change(next.id(), Change.Kind.STATE)
                            : new Change(next, Change.Kind.STATE));
            store.record(entry, changes, event);
            return true;
        });
    }

    private static void keepAttempts(MemoryJob entry, Event event) {
        var live = entry.job.state().liveAttempt();
        int number = live.map(Attempt::number).orElse(0);
        entry.attempts.replaceAll(
                old -> old.ended().isPresent() || old.attempt().number() == number
                        ? old
                        : new AttemptRecord(
                                old.attempt(),
                                old.handle(),
                                old.created(),
                                Optional.of(event.at()),
                                Optional.of(event.message())));
        if (live.isPresent()
                && entry.attempts.stream().noneMatch(old -> old.attempt().number() == number))
            entry.attempts.add(
                    new AttemptRecord(live.get(), Optional.empty(), event.at(), Optional.empty(), Optional.empty()));
        entry.job
                .state()
                .liveHandle()
                .ifPresent(handle ->
                        entry.attempts.replaceAll(old -> old.attempt().number() == number ? old.with(handle) : old));
    }

    @Override
    public Optional<Job> wish(JobId id, Wish wish, Instant at) {
        return store.alone(changes -> entry(id).map(entry -> {
            Job job = entry.job;
            if (!Wishes.changes(job.wish(), job.state(), wish)) return job;
            entry.job = job.withWish(wish, at).withVersion(job.version() + 1);
            changes.add(new Change(id, Change.Kind.WISH));
            store.record(entry, changes, Wishes.event(id, job.state(), wish, at));
            return entry.job;
        }));
    }

    @Override
    public boolean remove(JobId id) {
        return store.alone(changes -> {
            MemoryJob entry = byId.get(id);
            if (entry == null || !entry.job.state().ended() || telling(entry)) return false;
            byId.remove(id);
            byArrival.remove(entry.arrival);
            unfinished.remove(entry.arrival);
            keys.forget(entry);
            client(entry.job.identity())
                    .ifPresent(client -> byClient.computeIfPresent(client, (_, generations) -> {
                        generations.remove(entry);
                        return generations.isEmpty() ? null : generations;
                    }));
            store.forget(entry);
            return changes.add(new Change(id, Change.Kind.STATE));
        });
    }

    private boolean telling(MemoryJob entry) {
        return entry.job.wish() == Wish.DELETE
                && !entry.outbox.isEmpty()
                && entry.job.updated().plus(TELLING_BEFORE_REMOVAL).isAfter(clock.instant());
    }

    @Override
    public List<AttemptRecord> attempts(JobId id) {
        return store.at(
                id,
                List.of(),
                entry -> entry.attempts.stream()
                        .sorted(Comparator.comparingInt(old -> old.attempt().number()))
                        .toList());
    }

    @Override
    public byte[] fingerprint(JobId id) {
        return store.alone(_ -> entry(id).orElseThrow().fingerprint);
    }

    @Override
    public Map<String, byte[]> secrets(JobId id) {
        return store.at(id, Map.of(), entry -> entry.secrets);
    }
}
