package io.trainyard.webhook;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * So many at a time for each host, in the order they came. A host may have receivers that answer beside some that hang:
 * those that kept us waiting last time take few of its slots while others are told something, and who has not answered
 * for a moment gives its slot away when others wait for it.
 */
final class Lanes {
    static final int IN_FLIGHT_PER_HOST = 16;
    /** The rest is kept for receivers that answer, where there were any lately. */
    static final int SLOW_IN_FLIGHT_PER_HOST = 4;

    static final Duration LATELY = Duration.ofMinutes(2);

    /** So long a receiver may keep others waiting, and from so long on it counts as slow. */
    static final Duration PATIENCE = Duration.ofSeconds(3);

    private final InstantSource clock;
    private final Map<String, Lane> lanes = new HashMap<>();

    Lanes(InstantSource clock) {
        this.clock = clock;
    }

    interface Work {
        void run(Slot slot);
    }

    /** A piece of work and its place. */
    static final class Slot {
        private final Work work;
        private final boolean slow;
        private Instant started = Instant.MAX;
        private boolean yielding;
        private Runnable giveUp = () -> {};

        private Slot(Work work, boolean slow) {
            this.work = work;
            this.slow = slow;
        }

        /** What is to be done when this slot is needed by others. */
        synchronized void onGivingWay(Runnable how) {
            giveUp = how;
            if (yielding) how.run();
        }

        private synchronized void giveWay() {
            if (yielding) return;
            yielding = true;
            giveUp.run();
        }
    }

    private static final class Lane {
        /** In the order they were started. */
        final Set<Slot> running = new LinkedHashSet<>();

        final ArrayDeque<Slot> prompt = new ArrayDeque<>();
        final ArrayDeque<Slot> slow = new ArrayDeque<>();
        int slowRunning;
        /** When somebody who answers was last to be told something. */
        Instant promptSeen = Instant.MIN;

        boolean idle() {
            return running.isEmpty() && prompt.isEmpty() && slow.isEmpty();
        }
    }

    /** @param slow whether this receiver kept us waiting last time */
    void submit(String host, boolean slow, Work work) {
        var slot = new Slot(work, slow);
        List<Slot> overdue;
        synchronized (this) {
            Lane lane = lanes.computeIfAbsent(host, _ -> new Lane());
            (slow ? lane.slow : lane.prompt).add(slot);
            if (!slow) lane.promptSeen = clock.instant();
            start(host, lane);
            overdue = overdue(lane);
        }
        overdue.forEach(Slot::giveWay);
    }

    private void start(String host, Lane lane) {
        while (lane.running.size() < IN_FLIGHT_PER_HOST) {
            Slot next = next(lane, clock.instant());
            if (next == null) return;
            lane.running.add(next);
            if (next.slow) lane.slowRunning++;
            next.started = clock.instant();
            Thread.ofVirtual().name("webhook-" + host).start(() -> run(host, next));
        }
    }

    /** The slow ones get one slot before all others, so that they are never forgotten. */
    private static @Nullable Slot next(Lane lane, Instant now) {
        if (lane.slowRunning == 0 && !lane.slow.isEmpty()) return lane.slow.poll();
        if (!lane.prompt.isEmpty()) return lane.prompt.poll();
        boolean shared = lane.promptSeen.isAfter(now.minus(LATELY));
        return !shared || lane.slowRunning < SLOW_IN_FLIGHT_PER_HOST ? lane.slow.poll() : null;
    }

    private void run(String host, Slot slot) {
        try {
            slot.work.run(slot);
        } finally {
            free(host, slot);
        }
    }

    private synchronized void free(String host, Slot slot) {
        Lane lane = lanes.get(host);
        if (lane == null) throw new IllegalStateException(host + " has no lane while its work runs");
        lane.running.remove(slot);
        if (slot.slow) lane.slowRunning--;
        start(host, lane);
        if (lane.idle()) lanes.remove(host);
    }

    /** Those that shall give way, the oldest first and no more than wait. */
    private List<Slot> overdue(Lane lane) {
        var overdue = new ArrayList<Slot>();
        Instant patience = clock.instant().minus(PATIENCE);
        int tooManySlow = lane.slowRunning - SLOW_IN_FLIGHT_PER_HOST;
        for (Slot slot : lane.running) {
            if (overdue.size() == lane.prompt.size() || !slot.started.isBefore(patience)) break;
            if (!slot.slow || tooManySlow-- > 0) overdue.add(slot);
        }
        return overdue;
    }

    /** Looks for slots that keep others waiting; to be called now and then. */
    void relieve() {
        var overdue = new ArrayList<Slot>();
        synchronized (this) {
            for (Lane lane : lanes.values()) if (!lane.prompt.isEmpty()) overdue.addAll(overdue(lane));
        }
        overdue.forEach(Slot::giveWay);
    }
}
