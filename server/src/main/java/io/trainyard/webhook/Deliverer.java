package io.trainyard.webhook;

import io.trainyard.job.Event;
import io.trainyard.job.Job;
import io.trainyard.job.JobId;
import io.trainyard.job.JobState;
import io.trainyard.secrets.Sealer;
import io.trainyard.spec.Webhook;
import io.trainyard.store.Outbox.Delivery;
import io.trainyard.store.Outbox.Result;
import io.trainyard.store.Store;
import io.trainyard.webhook.Courier.Experience;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

/**
 * The loop of the webhooks. It decides nothing about a message: it finds what is due and sees to it that each receiver
 * of each job is told one thing at a time.
 */
public final class Deliverer implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Deliverer.class.getName());
    /** How often the outbox is looked through without a hint. */
    static final Duration POLL = Duration.ofSeconds(5);

    private static final Duration RELIEVE_EVERY = Duration.ofMillis(500);
    private static final int PAGE = 256;
    /** More than this stay in the store until there is room. */
    static final int MAX_WAITING = 50_000;
    /** More hints than this are one: look through everything. */
    static final int MAX_HINTS = 10_000;

    static final int MAX_SLOW_REMEMBERED = 10_000;

    private final Store store;
    private final Courier courier;
    private final InstantSource clock;
    private final Lanes lanes;
    private final Heartbeats heartbeats;
    private final Semaphore bell = new Semaphore(0);
    private final Set<JobId> hints = ConcurrentHashMap.newKeySet();
    /** Receivers that are being told something, or wait for a slot. */
    private final Set<Subscription> busy = ConcurrentHashMap.newKeySet();

    /** Those of them for whom something new has come meanwhile. */
    private final Set<Subscription> again = ConcurrentHashMap.newKeySet();

    private final Set<Subscription> slow = ConcurrentHashMap.newKeySet();
    private volatile Instant nextLook = Instant.MIN;
    private volatile boolean open = true;

    /** @param heartbeat how often the receivers of a running job are told so */
    public record Timing(InstantSource clock, RandomGenerator random, Duration heartbeat) {}

    /** @param renderers by contract; the one under the empty name serves all others */
    public Deliverer(Store store, Sealer sealer, Map<String, Renderer> renderers, Sender sender, Timing timing) {
        this.store = store;
        this.clock = timing.clock();
        this.courier =
                new Courier(store, sealer, renderers, sender, new Courier.Chance(timing.clock(), timing.random()));
        this.lanes = new Lanes(clock);
        this.heartbeats = new Heartbeats(timing.heartbeat());
    }

    public void start() {
        store.subscribe(change -> {
            switch (change.kind()) {
                case OUTBOX -> hint(change.job());
                case CREATED, WISH, STATE, PROGRESS, LOG -> {}
            }
        });
        Thread.ofVirtual().name("webhooks").start(this::loop);
    }

    private void hint(JobId job) {
        if (hints.size() < MAX_HINTS) hints.add(job);
        else nextLook = Instant.MIN;
        bell.release();
    }

    private void loop() {
        boolean running = false;
        while (open) {
            try {
                if (!running) store.outbox().running().forEach(this::beginHeartbeats);
                running = true;
                round();
                if (bell.tryAcquire(untilNext(), TimeUnit.MILLISECONDS)) bell.drainPermits();
            } catch (RuntimeException trouble) {
                if (open) LOG.log(System.Logger.Level.ERROR, "the webhooks' round failed and is tried again", trouble);
                pause();
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    private void pause() {
        try {
            Thread.sleep(RELIEVE_EVERY);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private long untilNext() {
        Instant now = clock.instant();
        Instant next = nextLook;
        Optional<Instant> beat = heartbeats.next();
        if (beat.isPresent() && beat.get().isBefore(next)) next = beat.get();
        if (!next.isAfter(now)) return 0;
        long wait = Duration.between(now, next).toMillis() + 1;
        return busy.isEmpty() ? wait : Math.min(wait, RELIEVE_EVERY.toMillis());
    }

    private void round() {
        Instant now = clock.instant();
        var hinted = new ArrayList<JobId>();
        for (JobId job : List.copyOf(hints)) if (hints.remove(job)) hinted.add(job);
        for (JobId job : hinted) offer(store.outbox().heads(job), now);
        if (!nextLook.isAfter(now)) lookThrough(now);
        for (var beat : heartbeats.due(now)) take(beat.receiver(), beat.host(), slot -> beat(beat.receiver(), slot));
        lanes.relieve();
    }

    /** What is in hand already is among what is due: so many more are asked for. */
    private void lookThrough(Instant now) {
        nextLook = now.plus(POLL);
        int limit = busy.size() + PAGE;
        List<Delivery> due = store.outbox().due(now, limit);
        offer(due, now);
        if (due.size() == limit && busy.size() < MAX_WAITING) nextLook = now;
        else store.outbox().nextDue(now).filter(next -> next.isBefore(nextLook)).ifPresent(next -> nextLook = next);
    }

    private void offer(List<Delivery> deliveries, Instant now) {
        for (Delivery delivery : deliveries) {
            if (delivery.due().isAfter(now)) {
                if (delivery.due().isBefore(nextLook)) nextLook = delivery.due();
                continue;
            }
            var receiver = new Subscription(delivery.job(), delivery.webhook());
            // Said first: whoever is being told something now looks here when that is over.
            again.add(receiver);
            if (busy.contains(receiver)) continue;
            Optional<Job> job = store.jobs().find(delivery.job());
            job.ifPresent(found -> take(receiver, host(found, receiver), slot -> tell(receiver, slot)));
            again.remove(receiver);
        }
    }

    /** A URL that cannot be used has no host to wait for; the courier will say what is wrong with it. */
    private static String host(Job job, Subscription receiver) {
        Webhook webhook = job.spec().webhooks().get(receiver.webhook());
        try {
            return Target.of(webhook.url()).origin();
        } catch (Target.Unusable unusable) {
            return "";
        }
    }

    private void take(Subscription receiver, String host, Lanes.Work work) {
        if (!open || busy.size() >= MAX_WAITING || !busy.add(receiver)) return;
        lanes.submit(host, slow.contains(receiver), slot -> work(receiver, work, slot));
    }

    private void work(Subscription receiver, Lanes.Work work, Lanes.Slot slot) {
        try {
            if (open) work.run(slot);
        } catch (RuntimeException trouble) {
            if (open) LOG.log(System.Logger.Level.ERROR, receiver + " is told again at the next poll", trouble);
        } finally {
            busy.remove(receiver);
            if (again.remove(receiver)) hint(receiver.job());
        }
    }

    private void tell(Subscription receiver, Lanes.Slot slot) {
        Instant now = clock.instant();
        Optional<Delivery> head =
                head(receiver).filter(delivery -> !delivery.due().isAfter(now));
        Optional<Job> job = store.jobs().find(receiver.job());
        if (head.isEmpty() || job.isEmpty()) return;
        Event event = head.get().event();
        courier.deliver(job.get(), head.get(), slot).ifPresent(met -> remember(receiver, met));
        if (event.kind() == Event.Kind.RUNNING) beginHeartbeats(job.get(), receiver.webhook(), event.at());
        if (event.kind().terminal()) {
            heartbeats.end(receiver);
            slow.remove(receiver);
        }
        again.add(receiver);
    }

    private Optional<Delivery> head(Subscription receiver) {
        return store.outbox().heads(receiver.job()).stream()
                .filter(delivery -> delivery.webhook() == receiver.webhook())
                .findFirst();
    }

    private void beat(Subscription receiver, Lanes.Slot slot) {
        Optional<Job> job = store.jobs().find(receiver.job());
        if (job.isEmpty() || !(job.get().state() instanceof JobState.Running)) {
            heartbeats.end(receiver);
            return;
        }
        // What happened is told before how things stand.
        if (head(receiver).isPresent()) return;
        boolean failing = heartbeats.failing(receiver);
        Optional<Experience> met = courier.beat(job.get(), receiver.webhook(), failing, slot);
        met.ifPresent(experience -> {
            remember(receiver, experience);
            switch (experience.result()) {
                case DELIVERED -> heartbeats.answered(receiver);
                case FAILED, REFUSED, EXPIRED -> heartbeats.failed(receiver, clock.instant());
                case GONE -> heartbeats.end(receiver);
            }
        });
    }

    private void remember(Subscription receiver, Experience met) {
        boolean waited = met.took().compareTo(Lanes.PATIENCE) >= 0;
        if (!waited || met.result() == Result.GONE) slow.remove(receiver);
        else if (slow.size() < MAX_SLOW_REMEMBERED) slow.add(receiver);
    }

    private void beginHeartbeats(JobId id) {
        store.jobs().find(id).ifPresent(job -> {
            if (job.state() instanceof JobState.Running running)
                for (int webhook = 0; webhook < job.spec().webhooks().size(); webhook++)
                    if (store.outbox().standing(id, webhook).on()) beginHeartbeats(job, webhook, running.since());
        });
    }

    private void beginHeartbeats(Job job, int webhook, Instant since) {
        var receiver = new Subscription(job.id(), webhook);
        heartbeats.begin(receiver, host(job, receiver), since, clock.instant());
    }

    /** Takes nothing new. What is under way and unanswered is told again by the next server. */
    @Override
    public void close() {
        open = false;
        bell.release();
    }
}
