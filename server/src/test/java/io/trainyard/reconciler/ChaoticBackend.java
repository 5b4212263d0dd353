package io.trainyard.reconciler;

import io.trainyard.backend.Backend;
import io.trainyard.backend.Check;
import io.trainyard.backend.Launch;
import io.trainyard.backend.Launched;
import io.trainyard.backend.LogSource;
import io.trainyard.backend.Plan;
import io.trainyard.job.Attempt;
import io.trainyard.job.Capacity;
import io.trainyard.job.Cause;
import io.trainyard.job.Handle;
import io.trainyard.job.Observation;
import io.trainyard.job.Observation.Ending;
import io.trainyard.job.Queue.Demand;
import io.trainyard.job.Reason;
import io.trainyard.spec.JobSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Keeps what the port promises and not a bit more: answers get lost after the deed, creates arrive late, whole periods
 * are out of reach, runs end in every way or are gone without a trace, stops are slow or slip its mind.
 */
final class ChaoticBackend implements Backend {
    private record InFlight(Launch launch, Instant lands) {}

    private final String name;
    private final Capacity capacity;
    private final World world;
    private final SplittableRandom random;
    private final Map<AttemptKey, Run> runs = new LinkedHashMap<>();
    private final Map<AttemptKey, Ending.Failure> refused = new LinkedHashMap<>();
    private final Set<AttemptKey> neverStart = new HashSet<>();
    private final List<InFlight> inFlight = new ArrayList<>();
    private final Set<AttemptKey> held = new HashSet<>();
    private Instant outUntil = Instant.MIN;

    ChaoticBackend(String name, Capacity capacity, World world, SplittableRandom random) {
        this.name = name;
        this.capacity = capacity;
        this.world = world;
        this.random = random;
    }

    private boolean percent(int chance) {
        return world.chaos() && random.nextInt(100) < chance;
    }

    /** The world goes on, whether a server looks or not. */
    void tick(Predicate<Attempt> handleRecorded) {
        Instant now = world.now();
        if (percent(2)) outUntil = now.plusSeconds(random.nextInt(5, 90));
        if (!world.chaos()) outUntil = Instant.MIN;
        for (InFlight late : List.copyOf(inFlight))
            if (!now.isBefore(late.lands()) || !world.chaos()) {
                inFlight.remove(late);
                create(late.launch());
            }
        for (Run run : List.copyOf(runs.values())) {
            if (run.tick(now)) world.started(run.attempt);
            if (!run.alive() || !percent(1)) continue;
            if (random.nextBoolean()) run.over(new Ending.Failure(Cause.NODE_LOST, "the node is gone"), now);
            else if (handleRecorded.test(run.attempt)) {
                // Deleted behind our back: whoever launched it again would start it a second time.
                run.over(new Ending.Failure(Cause.VANISHED, "deleted"), now);
                runs.remove(AttemptKey.of(run.attempt));
                inFlight.removeIf(late -> late.launch().attempt().equals(run.attempt));
            }
        }
    }

    Stream<Run> alive() {
        return runs.values().stream().filter(Run::alive);
    }

    private boolean out() {
        return world.now().isBefore(outUntil) || percent(3);
    }

    private void reach() {
        if (out()) throw new Unreachable("nobody answers");
    }

    private void loseTheAnswer() {
        if (percent(5)) throw new Unreachable("the answer got lost");
    }

    @Override
    public Launched launch(Launch launch) {
        if (out()) {
            if (random.nextBoolean()) return new Launched.NotSent("connection refused");
            throw new Unreachable("nobody answers");
        }
        var key = AttemptKey.of(launch.attempt());
        boolean known = runs.containsKey(key)
                || neverStart.contains(key)
                || inFlight.stream()
                        .anyMatch(late -> AttemptKey.of(late.launch().attempt()).equals(key));
        if (!known && percent(4)) refused.putIfAbsent(key, failure("refused"));
        var why = refused.get(key);
        if (why != null) return new Launched.Refused(why);
        if (percent(5)) {
            inFlight.add(new InFlight(launch, world.now().plusSeconds(random.nextInt(1, 60))));
            throw new Unreachable("no answer in time");
        }
        create(launch);
        loseTheAnswer();
        return new Launched.Accepted(handle(launch.attempt()));
    }

    private void create(Launch launch) {
        var key = AttemptKey.of(launch.attempt());
        if (runs.containsKey(key) || neverStart.contains(key)) return;
        Instant starts = world.now().plusSeconds(random.nextInt(4) == 0 ? random.nextInt(1, 120) : 0);
        long seconds = random.nextInt(10) == 0 ? random.nextInt(600, 1200) : random.nextInt(0, 120);
        Ending ending = random.nextInt(3) == 0 && world.chaos() ? failure("failed") : new Ending.Success();
        held.add(key);
        runs.put(key, new Run(launch.attempt(), starts, Duration.ofSeconds(seconds), ending));
    }

    private Ending.Failure failure(String how) {
        var causes = Cause.values();
        return new Ending.Failure(causes[random.nextInt(causes.length)], how);
    }

    private static Handle handle(Attempt attempt) {
        return new Handle("chaos", "Run", attempt.backend(), attempt.toString(), "1");
    }

    @Override
    public Observation observe(Attempt attempt, Optional<Handle> handle) {
        Observation seen = look(attempt);
        world.seen(attempt, seen instanceof Observation.Ended);
        return seen;
    }

    private Observation look(Attempt attempt) {
        if (out()) {
            if (random.nextBoolean()) return new Observation.Unreachable("nobody answers");
            throw new Unreachable("nobody answers");
        }
        Run run = runs.get(AttemptKey.of(attempt));
        if (run == null)
            return neverStart.contains(AttemptKey.of(attempt)) && attempt.number() % 2 == 0
                    ? new Observation.Ended(new Ending.Failure(Cause.SIGNAL, "never ran"), Duration.ZERO)
                    : new Observation.Missing();
        Instant now = world.now();
        if (!run.alive()) return new Observation.Ended(run.ending(), run.ran(now));
        if (run.running()) return new Observation.Active(run.handle(), run.startedAt(), run.ran(now));
        long half = now.getEpochSecond() / 30;
        var reason = new Reason(Reason.Kind.IMAGE_PULL, "pulling, layer " + half);
        return new Observation.Waiting(run.handle(), half % 2 == 0 ? reason : Reason.STARTING);
    }

    @Override
    public void stop(Attempt attempt, Optional<Handle> handle, Duration grace) {
        reach();
        Run run = runs.get(AttemptKey.of(attempt));
        if (run == null) neverStart.add(AttemptKey.of(attempt));
        else if (!percent(5)) {
            boolean obeys = random.nextInt(4) > 0;
            long seconds = obeys ? random.nextLong(grace.toSeconds() + 1) : grace.toSeconds();
            Ending how = random.nextInt(10) == 0
                    ? new Ending.Success()
                    : new Ending.Failure(Cause.SIGNAL, obeys ? "stopped" : "killed");
            run.stop(how, world.now().plusSeconds(seconds), world.now());
        }
        loseTheAnswer();
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Plan plan(JobSpec spec) {
        var wanted = spec.resources();
        return new Plan(
                List.of(),
                List.of(),
                new Demand(wanted.gpus(), wanted.cpus(), (long) wanted.memoryGib() << 30),
                "a chaotic run");
    }

    @Override
    public Check check(JobSpec spec, Duration within) {
        return new Check.Passed();
    }

    @Override
    public LogSource logs(Attempt attempt, Optional<Handle> handle) {
        throw new IllegalStateException("the simulation keeps its own account of output");
    }

    @Override
    public void keepOnly(List<Attempt> live) {
        live.forEach(attempt -> held.remove(AttemptKey.of(attempt)));
        world.account.released.addAll(held);
        held.clear();
        live.forEach(attempt -> held.add(AttemptKey.of(attempt)));
    }

    @Override
    public Capacity capacity() {
        reach();
        return capacity;
    }

    Capacity all() {
        return capacity;
    }
}
