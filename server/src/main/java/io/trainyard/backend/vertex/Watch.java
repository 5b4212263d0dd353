package io.trainyard.backend.vertex;

import io.trainyard.backend.Backend.Unreachable;
import io.trainyard.job.JobId;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import tools.jackson.databind.JsonNode;

/**
 * One list of all live jobs instead of a read for each: a thousand of them cost ten requests a round. What changed, and
 * what is no longer on the list, is looked at at once.
 */
final class Watch implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Watch.class.getName());

    private final CustomJobs jobs;
    private final InstantSource clock;
    private final Duration every;
    private final Consumer<JobId> wake;
    private final Map<String, JobId> followed = new ConcurrentHashMap<>();
    private volatile Seen seen = new Seen(Instant.MIN, Map.of());
    private boolean started;
    private volatile boolean open = true;

    /** @param at when the list was asked for */
    private record Seen(Instant at, Map<String, JsonNode> byName) {}

    Watch(CustomJobs jobs, InstantSource clock, Duration every, Consumer<JobId> wake) {
        this.jobs = jobs;
        this.clock = clock;
        this.every = every;
        this.wake = wake;
    }

    /** From now on its changes are told. */
    void follow(String name, JobId job) {
        followed.put(name, job);
        start();
    }

    void forget(String name) {
        followed.remove(name);
    }

    private synchronized void start() {
        if (started) return;
        started = true;
        Thread.ofVirtual().name("vertex-watch").start(this::always);
    }

    /** As it stood on the last list, when that is not too long ago; what is not on it has to be read. */
    Optional<JsonNode> recent(String name) {
        Seen last = seen;
        boolean fresh = last.at().plus(every.multipliedBy(2)).isAfter(clock.instant());
        return fresh ? Optional.ofNullable(last.byName().get(name)) : Optional.empty();
    }

    private void always() {
        while (open) {
            try {
                Thread.sleep(every);
                if (!followed.isEmpty()) look();
            } catch (InterruptedException e) {
                return;
            } catch (Unreachable later) {
                LOG.log(System.Logger.Level.INFO, "{0}", later.getMessage());
            } catch (RuntimeException trouble) {
                LOG.log(System.Logger.Level.ERROR, "the list of custom jobs cannot be read", trouble);
            }
        }
    }

    void look() {
        Instant asked = clock.instant();
        var now = new HashMap<String, JsonNode>();
        for (JsonNode job : jobs.live()) now.put(CustomJobs.name(job), job);
        Map<String, JsonNode> before = seen.byName();
        seen = new Seen(asked, Map.copyOf(now));
        followed.forEach((name, job) -> {
            JsonNode here = now.get(name);
            JsonNode then = before.get(name);
            if (here == null || then == null || !States.state(here).equals(States.state(then))) wake.accept(job);
        });
    }

    @Override
    public void close() {
        open = false;
    }
}
