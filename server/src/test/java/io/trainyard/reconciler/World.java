package io.trainyard.reconciler;

import io.trainyard.admission.Admission;
import io.trainyard.admission.Placer;
import io.trainyard.backend.Backend;
import io.trainyard.job.Attempt;
import io.trainyard.job.Backoff;
import io.trainyard.job.Capacity;
import io.trainyard.job.JobId;
import io.trainyard.job.Slots;
import io.trainyard.secrets.Sealer;
import io.trainyard.store.Jobs;
import io.trainyard.store.MemoryStore;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/** One server, two backends and some clients on a clock of their own; the seed decides everything that happens. */
final class World {
    static final String SEED = "simulation.seed";
    /** More steps of one job at one moment would be rules that never come to rest. */
    private static final int MOST_STEPS = 30;

    private static final int CALM_TICKS = 300;
    private static final Instant BEGIN = Instant.parse("2026-11-23T00:00:00Z");

    private final long seed;
    private final Sealer sealer;
    private final Sabotage sabotage;
    private final SplittableRandom random;
    private final Fuse fuse = new Fuse();
    private final MemoryStore store = new MemoryStore(this::now);
    private final Map<String, ChaoticBackend> backends = new LinkedHashMap<>();
    private final Checker checker = new Checker(this, store);
    private final Clients clients;
    private final Set<AttemptKey> seenEnded = new HashSet<>();
    final Account account = new Account(() -> chaos() && chance(5));
    private Instant now = BEGIN;
    private boolean chaos = true;
    private Optional<Server> server = Optional.empty();
    private int downFor;
    private int ticks;
    private int attempts;

    private record Server(Stepper stepper, List<Granter> granters, Admission admission, Jobs jobs) {}

    World(long seed, Sealer sealer, Sabotage sabotage) {
        this.seed = seed;
        this.sealer = sealer;
        this.sabotage = sabotage;
        this.random = new SplittableRandom(seed);
        var machine = new Capacity(List.of(0, 1, 2), 6, 16L << 30, 3);
        backends.put("machine", new ChaoticBackend("machine", machine, this, random.split()));
        backends.put("cluster", new ChaoticBackend("cluster", Capacity.UNLIMITED, this, random.split()));
        clients = new Clients(random.split(), checker);
        store.subscribe(change -> checker.committed(change.job()));
    }

    /** Chaos for so many ticks, then calm until all has come to rest. */
    World live(int chaoticTicks) {
        while (ticks < chaoticTicks) tick();
        chaos = false;
        for (int calm = 0; calm < CALM_TICKS && !atRest(); calm++) tick();
        checker.finale();
        return this;
    }

    private boolean atRest() {
        return server.isPresent() && !clients.waitForAnAnswer() && checker.atRest();
    }

    private void tick() {
        ticks++;
        now = now.plusSeconds(chaos ? random.nextInt(1, 16) : 30);
        backends.values().forEach(backend -> backend.tick(this::handleRecorded));
        if (server.isEmpty() && downFor-- > 0) {
            checker.tick();
            return;
        }
        if (chance(8)) fuse.light(random.nextInt(40), random.nextBoolean());
        try {
            if (server.isEmpty()) server = Optional.of(boot());
            serve(server.get());
        } catch (Fuse.Crash crash) {
            server = Optional.empty();
            downFor = random.nextInt(4);
        }
        fuse.out();
        checker.tick();
    }

    private Server boot() {
        Jobs jobs = sabotage.jobs(fuse.wire(Jobs.class, store.jobs()));
        List<Backend> wired = new ArrayList<>();
        for (Backend backend : backends.values()) wired.add(sabotage.backend(fuse.wire(Backend.class, backend)));
        var byName = new LinkedHashMap<String, Backend>();
        wired.forEach(backend -> byName.put(backend.name(), backend));
        Output output = fuse.wire(Output.class, account);
        if (sabotage == Sabotage.SKIPS_THE_LAST_LINES) output = new Account(() -> false);
        var launches = new Launches(jobs, sealer, _ -> Optional.empty());
        var granters = new ArrayList<Granter>();
        for (Backend backend : wired) granters.add(new Granter(jobs, backend, this::now));
        granters.forEach(Granter::tidy);
        var admission =
                new Admission(jobs, new Placer(wired, "machine", slots(granters)), sealer, this::now, random.split());
        var timing = new Reconciler.Timing(this::now, Duration.ofSeconds(5), Backoff.DEFAULT);
        return new Server(new Stepper(jobs, byName, launches, output, timing), granters, admission, jobs);
    }

    private static Slots slots(List<Granter> granters) {
        return (backend, demand) -> granters.stream()
                .filter(granter -> granter.name().equals(backend))
                .findFirst()
                .flatMap(granter -> granter.claim(demand, () -> {}))
                .orElse(Slots.NOTHING);
    }

    private void serve(Server running) {
        if (chaos) clients.act(running.admission(), running.jobs());
        else clients.askAgain(running.admission());
        running.granters().forEach(World::grant);
        var active = new ArrayList<>(running.jobs().active());
        Collections.shuffle(active, new Random(random.nextLong()));
        for (JobId job : active) if (!chance(20)) settle(running.stepper(), job);
    }

    private static void grant(Granter granter) {
        try {
            granter.grant();
        } catch (Backend.Unreachable unreachable) {
            // Its capacity could not be asked: nobody gets a slot until the next look.
        }
    }

    private void settle(Stepper stepper, JobId job) {
        for (int steps = 0; stepper.step(job) == Stepper.Result.MOVED; steps++) {
            if (steps > MOST_STEPS) throw new AssertionError(this + ": " + job + " never rests");
            if (chance(20)) return;
        }
    }

    private boolean handleRecorded(Attempt attempt) {
        return store.jobs()
                .find(attempt.job())
                .filter(job -> job.state().liveHandle().isPresent())
                .isPresent();
    }

    private boolean chance(int percent) {
        return chaos && random.nextInt(100) < percent;
    }

    Instant now() {
        return now;
    }

    boolean chaos() {
        return chaos;
    }

    void started(Attempt attempt) {
        attempts++;
        checker.started(attempt);
    }

    void seen(Attempt attempt, boolean ended) {
        if (ended) seenEnded.add(AttemptKey.of(attempt));
        else seenEnded.remove(AttemptKey.of(attempt));
    }

    boolean seenEnded(AttemptKey key) {
        return seenEnded.contains(key);
    }

    Stream<ChaoticBackend> backends() {
        return backends.values().stream();
    }

    Stream<Run> alive() {
        return backends().flatMap(ChaoticBackend::alive);
    }

    Stream<Run> alive(JobId job) {
        return alive().filter(run -> run.attempt.job().equals(job));
    }

    int ticks() {
        return ticks;
    }

    int attempts() {
        return attempts;
    }

    int crashes() {
        return fuse.burnt;
    }

    Duration lasted() {
        return Duration.between(BEGIN, now);
    }

    @Override
    public String toString() {
        return "seed %d, tick %d (again: ./dev java -pl server test -Dtest=SimulationTest -D%s=%d)"
                .formatted(seed, ticks, SEED, seed);
    }
}
