package io.trainyard.webhook;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/**
 * When each receiver of a running job is next told how it stands. Counted from the moment it began to run, so that jobs
 * spread by themselves and a restart changes nothing. A receiver that fails is told less often until it answers.
 */
final class Heartbeats {
    static final Duration MAX_BETWEEN = Duration.ofMinutes(5);
    private static final int MAX_FAILURES = 10;
    /** So many in a row are bad luck: the beat goes on. */
    static final int BAD_LUCK = 2;

    private final Duration interval;
    private final TreeSet<Beat> order = new TreeSet<>();
    private final Map<Subscription, Beat> beats = new HashMap<>();

    Heartbeats(Duration interval) {
        this.interval = interval;
    }

    /** @param host whom a slot is needed of */
    record Beat(Subscription receiver, String host, Instant due, int failures) implements Comparable<Beat> {
        @Override
        public int compareTo(Beat other) {
            int byTime = due.compareTo(other.due);
            return byTime != 0 ? byTime : receiver.compareTo(other.receiver);
        }
    }

    synchronized void begin(Subscription receiver, String host, Instant since, Instant now) {
        put(new Beat(receiver, host, following(since, now), 0));
    }

    private Instant following(Instant since, Instant now) {
        long passed = Math.max(0, Duration.between(since, now).dividedBy(interval));
        return since.plus(interval.multipliedBy(passed + 1));
    }

    private void put(Beat beat) {
        end(beat.receiver());
        beats.put(beat.receiver(), beat);
        order.add(beat);
    }

    synchronized void end(Subscription receiver) {
        Beat beat = beats.remove(receiver);
        if (beat != null) order.remove(beat);
    }

    /** Those whose moment has come; each is already due again later, whatever becomes of it. */
    synchronized List<Beat> due(Instant now) {
        var due = new ArrayList<Beat>();
        while (!order.isEmpty() && !order.getFirst().due().isAfter(now)) {
            Beat beat = order.getFirst();
            due.add(beat);
            put(new Beat(beat.receiver(), beat.host(), following(beat.due(), now), beat.failures()));
        }
        return due;
    }

    synchronized void answered(Subscription receiver) {
        Beat beat = beats.get(receiver);
        if (beat != null && beat.failures() > 0) put(new Beat(receiver, beat.host(), beat.due(), 0));
    }

    synchronized void failed(Subscription receiver, Instant now) {
        Beat beat = beats.get(receiver);
        if (beat == null) return;
        int failures = Math.min(beat.failures() + 1, MAX_FAILURES);
        if (failures <= BAD_LUCK) {
            put(new Beat(receiver, beat.host(), beat.due(), failures));
            return;
        }
        Duration wait = interval.multipliedBy(1L << (failures - BAD_LUCK));
        Duration most = interval.compareTo(MAX_BETWEEN) > 0 ? interval : MAX_BETWEEN;
        put(new Beat(receiver, beat.host(), now.plus(wait.compareTo(most) > 0 ? most : wait), failures));
    }

    /** Whether the last one failed. */
    synchronized boolean failing(Subscription receiver) {
        Beat beat = beats.get(receiver);
        return beat != null && beat.failures() > 0;
    }

    synchronized Optional<Instant> next() {
        return order.isEmpty() ? Optional.empty() : Optional.of(order.getFirst().due());
    }
}
