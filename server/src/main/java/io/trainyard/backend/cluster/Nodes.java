package io.trainyard.backend.cluster;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;

/**
 * Nodes that cannot give the output of their pods. Thousands of pods may be on one: it is asked for the sake of one of
 * them now and then, and for the others again when that worked.
 */
final class Nodes {
    /** A node that cannot give a log does not learn it soon. */
    private static final Duration FIRST_PAUSE = Duration.ofSeconds(10);

    private static final Duration LONGEST_PAUSE = Duration.ofMinutes(2);
    /** Within it is known how the one fared that was let through. */
    private static final Duration ONE_TRY = Duration.ofSeconds(Api.ANSWER_SECONDS);

    private final InstantSource clock;
    private final Map<String, Rest> resting = new HashMap<>();

    /** @param tried whether one was let through and has not told yet how it fared */
    private record Rest(Instant until, Duration pause, boolean tried) {}

    Nodes(InstantSource clock) {
        this.clock = clock;
    }

    /** How long to wait before coming again; zero for whoever may ask the node now. */
    synchronized Duration turn(String node) {
        Rest rest = resting.get(node);
        if (rest == null) return Duration.ZERO;
        Instant now = clock.instant();
        if (now.isBefore(rest.until())) return Duration.between(now, rest.until());
        resting.put(node, new Rest(now.plus(ONE_TRY), rest.pause(), true));
        return Duration.ZERO;
    }

    synchronized void works(String node) {
        resting.remove(node);
    }

    /** Said also by those who had no turn and could not wait for one; they make no pause longer. */
    synchronized void cannot(String node) {
        Rest rest = resting.get(node);
        if (rest != null && !rest.tried()) return;
        Duration pause = rest == null ? FIRST_PAUSE : Times.doubled(rest.pause(), LONGEST_PAUSE);
        resting.put(node, new Rest(clock.instant().plus(pause), pause, false));
    }
}
