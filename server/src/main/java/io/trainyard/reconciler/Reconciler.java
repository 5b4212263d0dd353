package io.trainyard.reconciler;

import io.trainyard.backend.Backend;
import io.trainyard.job.Backoff;
import io.trainyard.job.JobId;
import io.trainyard.job.Queue.Demand;
import io.trainyard.job.Slots;
import io.trainyard.store.Store;
import io.trainyard.store.Store.Change;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Moves every job towards what was asked. One virtual thread a job at most, started by a hint (a commit, an exit, an
 * alarm) or by the poll that makes up for lost hints; one thread a backend hands out its slots. A job that throws is
 * logged and looked at again at the next poll: its bad luck holds up no other.
 */
public final class Reconciler implements Slots, AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Reconciler.class.getName());
    /** So many steps in a row without rest are a bug in the rules, not work. */
    private static final int MAX_STEPS = 1000;

    private final Store store;
    private final Stepper stepper;
    private final InstantSource clock;
    private final Duration poll;
    private final Map<String, Granter> granters = new HashMap<>();
    private final Map<String, Bell> bells = new HashMap<>();
    private final Set<JobId> busy = ConcurrentHashMap.newKeySet();
    private final Set<JobId> again = ConcurrentHashMap.newKeySet();
    private volatile boolean open = true;

    public Reconciler(Store store, List<Backend> backends, Launches launches, Output output, Timing timing) {
        this.store = store;
        this.clock = timing.clock();
        this.poll = timing.poll();
        var byName = new HashMap<String, Backend>();
        for (Backend backend : backends) {
            byName.put(backend.name(), backend);
            granters.put(backend.name(), new Granter(store.jobs(), backend, clock));
            bells.put(backend.name(), new Bell());
        }
        this.stepper = new Stepper(store.jobs(), byName, launches, output, timing);
    }

    /** @param poll how often every live job is looked at without a hint */
    public record Timing(InstantSource clock, Duration poll, Backoff backoff) {}

    public void start() {
        granters.values().forEach(Granter::tidy);
        store.subscribe(change -> {
            switch (change.kind()) {
                case CREATED -> bells(change).forEach(Bell::arrival);
                case WISH, STATE -> {
                    look(change.job());
                    bells(change).forEach(Bell::change);
                }
                case PROGRESS, LOG, OUTBOX -> {}
            }
        });
        granters.forEach(
                (name, granter) -> Thread.ofVirtual().name("granter-" + name).start(() -> grantAlways(name)));
        Thread.ofVirtual().name("reconciler-poll").start(this::pollAlways);
    }

    /** Of those who may have something to hand out now. */
    private Collection<Bell> bells(Change change) {
        if (change.backend().isEmpty()) return bells.values();
        Bell bell = bells.get(change.backend().get());
        return bell == null ? List.of() : List.of(bell);
    }

    @Override
    public Slots.Claim claim(String backend, Demand demand) {
        Granter granter = granters.get(backend);
        Bell bell = bells.get(backend);
        if (granter == null || bell == null) return Slots.NOTHING;
        return granter.claim(demand, bell::change).orElse(Slots.NOTHING);
    }

    /** Look at this job now; any thread, any time, as often as one likes. */
    public void look(JobId job) {
        if (!open) return;
        again.add(job);
        if (busy.add(job)) Thread.ofVirtual().start(() -> work(job));
    }

    private void work(JobId job) {
        try {
            for (int steps = 0; open && again.remove(job); ) {
                while (open && stepper.step(job) == Stepper.Result.MOVED) {
                    if (++steps > MAX_STEPS) throw new IllegalStateException("the rules do not come to rest");
                }
            }
        } catch (RuntimeException trouble) {
            if (open) LOG.log(System.Logger.Level.ERROR, job + " is left alone until the next poll", trouble);
        } finally {
            busy.remove(job);
        }
        // A hint between the last look and leaving would be lost otherwise.
        if (open && again.contains(job)) look(job);
    }

    private void grantAlways(String backend) {
        Bell bell = bells.get(backend);
        Granter granter = granters.get(backend);
        if (bell == null || granter == null) throw new IllegalStateException("no granter for " + backend);
        boolean onlyArrivals = false;
        while (open) {
            try {
                if (!onlyArrivals || !granter.heldUp()) granter.grant();
                onlyArrivals = bell.onlyArrivalsWithin(Math.min(poll.toMillis(), untilNextDue()));
            } catch (RuntimeException trouble) {
                if (open) LOG.log(System.Logger.Level.ERROR, "slots of " + backend + " are not handed out", trouble);
                pause();
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    private long untilNextDue() {
        Instant now = clock.instant();
        return store.jobs()
                .nextDue(now)
                .map(due -> Math.max(1, Duration.between(now, due).toMillis()))
                .orElse(Long.MAX_VALUE);
    }

    private void pollAlways() {
        while (open) {
            try {
                store.jobs().active().forEach(this::look);
            } catch (RuntimeException trouble) {
                if (open) LOG.log(System.Logger.Level.ERROR, "the poll failed and is tried again", trouble);
            }
            pause();
        }
    }

    private void pause() {
        try {
            Thread.sleep(poll);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Stops looking. What runs goes on running: the next server finds it again. */
    @Override
    public void close() {
        open = false;
        bells.values().forEach(Bell::change);
    }
}
