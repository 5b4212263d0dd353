package io.trainyard.reconciler;

import io.trainyard.backend.Backend;
import io.trainyard.job.Attempt;
import io.trainyard.job.Capacity;
import io.trainyard.job.Event;
import io.trainyard.job.Grant;
import io.trainyard.job.Job;
import io.trainyard.job.JobId;
import io.trainyard.job.JobState.Queued;
import io.trainyard.job.Queue;
import io.trainyard.job.Queue.Demand;
import io.trainyard.job.Rules;
import io.trainyard.job.Slots;
import io.trainyard.job.Step;
import io.trainyard.job.Wish;
import io.trainyard.store.Jobs;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;

/** Hands out the slots of one backend, one caller at a time, or a slot would be given twice. */
final class Granter {
    private static final System.Logger LOG = System.getLogger(Granter.class.getName());
    /** The front of the queue that is looked at in one go. */
    private static final int FRONT = 16;

    private final Jobs jobs;
    private final Backend backend;
    private final InstantSource clock;
    private final ReentrantLock turn = new ReentrantLock();
    /** What is promised to jobs that are just being written down. */
    private final Set<Claim> claims = ConcurrentHashMap.newKeySet();
    /** Who stood first at the last look and did not fit. */
    private Optional<JobId> blocked = Optional.empty();

    Granter(Jobs jobs, Backend backend, InstantSource clock) {
        this.jobs = jobs;
        this.backend = backend;
        this.clock = clock;
    }

    String name() {
        return backend.name();
    }

    /** Once, before anything is launched: lets go what a crash kept from being let go. */
    void tidy() {
        try {
            backend.keepOnly(jobs.live(backend.name()));
        } catch (Backend.Unreachable later) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "output on " + backend.name() + " is kept until the next start",
                    later);
        }
    }

    /** Whether the one who did not fit is still the first. Nobody overtakes it, so arrivals alone change nothing. */
    boolean heldUp() {
        return blocked.isPresent()
                && jobs.firstWaiting(backend.name(), clock.instant()).equals(blocked);
    }

    /** Compared by identity: two jobs may be promised the same amounts. */
    private final class Claim implements Slots.Claim {
        private final Grant grant;
        private final Runnable closed;

        Claim(Grant grant, Runnable closed) {
            this.grant = grant;
            this.closed = closed;
        }

        @Override
        public Optional<Grant> grant() {
            return Optional.of(grant);
        }

        @Override
        public void close() {
            claims.remove(this);
            closed.run();
        }
    }

    /** @param closed told when the claim no longer counts: who was looked at meanwhile was told too little is free */
    Optional<Slots.Claim> claim(Demand demand, Runnable closed) {
        if (!turn.tryLock()) return Optional.empty();
        try {
            if (blocked.isPresent()
                    || jobs.firstWaiting(backend.name(), clock.instant()).isPresent()) return Optional.empty();
            Optional<Grant> grant = free().grant(demand);
            if (grant.isEmpty()) return Optional.empty();
            var claim = new Claim(grant.get(), closed);
            claims.add(claim);
            return Optional.of(claim);
        } catch (Backend.Unreachable later) {
            return Optional.empty();
        } finally {
            turn.unlock();
        }
    }

    /** @return the jobs that got a slot, recorded as launching */
    List<JobId> grant() {
        turn.lock();
        try {
            return grantInTurn();
        } finally {
            turn.unlock();
        }
    }

    private List<JobId> grantInTurn() {
        blocked = Optional.empty();
        var started = new ArrayList<JobId>();
        while (true) {
            Map<JobId, Job> first = front(1);
            if (first.isEmpty()) return started;
            Capacity free = free();
            // Where no slot is free, every arrival behind a long queue asks in vain: the first one's reason is enough.
            Map<JobId, Job> front = free.slots() > 0 ? front(FRONT) : first;
            var picks = Queue.pick(candidates(front), free, FRONT);
            for (var picked : picks.granted()) {
                Job job = front.get(picked.job());
                if (job != null && write(granted(job, picked.grant()))) started.add(picked.job());
            }
            picks.blocked().ifPresent(held -> tellWhy(front, held));
            blocked = picks.blocked().map(Queue.Blocked::job);
            if (picks.granted().size() < FRONT) return started;
        }
    }

    private Map<JobId, Job> front(int most) {
        var front = new LinkedHashMap<JobId, Job>();
        for (Job job : jobs.waiting(backend.name(), clock.instant(), most))
            if (job.wish() == Wish.RUN) front.put(job.id(), job);
        return front;
    }

    private List<Queue.Candidate> candidates(Map<JobId, Job> front) {
        var candidates = new ArrayList<Queue.Candidate>();
        for (Job job : front.values()) {
            try {
                var demand = backend.plan(job.spec().on(backend.name())).demand();
                candidates.add(new Queue.Candidate(job.id(), demand));
            } catch (RuntimeException trouble) {
                // Its bad luck holds up no other.
                LOG.log(System.Logger.Level.ERROR, job.id() + " cannot be planned and gets no slot", trouble);
            }
        }
        return candidates;
    }

    private Capacity free() {
        Capacity free = backend.capacity();
        // Before the attempts are read: a claim that becomes one in between then counts twice, not never.
        for (Claim claim : claims) free = free.minus(claim.grant);
        for (Attempt attempt : jobs.live(backend.name())) free = free.minus(attempt.grant());
        return free;
    }

    private Step.Become granted(Job job, Grant grant) {
        return Rules.granted(job, queued(job), grant, clock.instant());
    }

    private static Queued queued(Job job) {
        if (job.state() instanceof Queued queued) return queued;
        throw new IllegalStateException("only a queued job waits for a slot, not " + job.state());
    }

    private void tellWhy(Map<JobId, Job> front, Queue.Blocked held) {
        Job job = front.get(held.job());
        if (job == null || queued(job).reason().sameAs(held.reason())) return;
        Queued queued = queued(job);
        Instant now = clock.instant();
        write(new Step.Become(
                job.withState(new Queued(queued.nextAttempt(), queued.notBefore(), held.reason()), now),
                Event.Kind.WAITING,
                held.reason().sentence()));
    }

    private boolean write(Step.Become become) {
        return jobs.transition(
                become.next(), Event.of(become.next(), become.kind(), become.message(), clock.instant()));
    }
}
