package io.trainyard.backend.simulated;

import io.trainyard.backend.Backend;
import io.trainyard.backend.Check;
import io.trainyard.backend.Launch;
import io.trainyard.backend.Launched;
import io.trainyard.backend.LogSource;
import io.trainyard.backend.Plan;
import io.trainyard.backend.simulated.Script.Phase;
import io.trainyard.job.Attempt;
import io.trainyard.job.Capacity;
import io.trainyard.job.Cause;
import io.trainyard.job.Handle;
import io.trainyard.job.JobId;
import io.trainyard.job.Observation;
import io.trainyard.job.Observation.Ending;
import io.trainyard.job.Queue.Demand;
import io.trainyard.job.Reason;
import io.trainyard.spec.JobSpec;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Runs nothing and behaves as if: each attempt follows its {@link Script}, from the annotation {@link #SCRIPT} of its
 * job, or lasts the configured time. What it is doing now follows from the ledger and the clock alone, so it goes on
 * while the server is down.
 */
public final class SimulatedBackend implements Backend, AutoCloseable {
    public static final String SCRIPT = "trainyard.simulated/script";

    private final Ledger ledger;
    private final Duration defaultLength;
    private final int slots;
    private final InstantSource clock;
    private final Consumer<JobId> wake;
    private final ScheduledExecutorService alarm = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("simulated-alarm").daemon().factory());

    /** @param slots how many attempts may live at once */
    public SimulatedBackend(
            Path ledgerFile, Duration defaultLength, int slots, InstantSource clock, Consumer<JobId> wake) {
        this.ledger = new Ledger(ledgerFile);
        this.defaultLength = defaultLength;
        this.slots = slots;
        this.clock = clock;
        this.wake = wake;
        ledger.all()
                .forEach((key, entry) -> entry.launched()
                        .ifPresent(at -> arm(key.job(), Script.parse(entry.script(), key.attempt()), at)));
    }

    @Override
    public String name() {
        return "simulated";
    }

    @Override
    public Plan plan(JobSpec spec) {
        List<String> objections = List.of();
        try {
            Script.parse(text(spec), 1);
        } catch (IllegalArgumentException e) {
            objections = List.of("annotations." + SCRIPT + ": " + e.getMessage());
        }
        return new Plan(objections, List.of(), new Demand(0, 0, 0), "a scripted run");
    }

    @Override
    public Check check(JobSpec spec, Duration within) {
        return new Check.Passed();
    }

    @Override
    public Launched launch(Launch launch) {
        var attempt = launch.attempt();
        String text = text(launch.spec());
        Script script = Script.parse(text, attempt.number());
        if (script.phases().getFirst() instanceof Phase.Refuse)
            return new Launched.Refused(new Ending.Failure(Cause.REFUSED, "refused, as scripted"));
        var entry = ledger.launch(attempt.job(), attempt.number(), clock.instant(), text);
        entry.launched().ifPresent(at -> arm(attempt.job(), script, at));
        return new Launched.Accepted(handle(attempt));
    }

    /** Has the reconciler look when a phase begins; a late or lost alarm only delays, the clock decides. */
    private void arm(JobId job, Script script, Instant launched) {
        Instant moment = launched;
        for (Phase phase : script.phases()) {
            moment = moment.plus(length(phase));
            long delay = Duration.between(clock.instant(), moment).toMillis();
            if (delay < 0) continue;
            var _ = alarm.schedule(() -> wake.accept(job), delay + 1, TimeUnit.MILLISECONDS);
        }
    }

    @Override
    public Observation observe(Attempt attempt, Optional<Handle> handle) {
        var entry = ledger.find(attempt.job(), attempt.number());
        if (entry.isEmpty()) return new Observation.Missing();
        Optional<Instant> launched = entry.get().launched();
        if (launched.isEmpty())
            return new Observation.Ended(new Ending.Failure(Cause.SIGNAL, "stopped before it started"), Duration.ZERO);
        Duration age = Duration.between(launched.get(), entry.get().stopped().orElse(clock.instant()));
        Observation seen = at(attempt, script(entry.get(), attempt), launched.get(), age);
        if (entry.get().stopped().isEmpty() || seen instanceof Observation.Ended) return seen;
        return new Observation.Ended(new Ending.Failure(Cause.SIGNAL, "stopped"), age);
    }

    private static Observation at(Attempt attempt, Script script, Instant launched, Duration age) {
        Duration start = Duration.ZERO;
        Duration ran = Duration.ZERO;
        for (Phase phase : script.phases()) {
            boolean now = age.compareTo(start.plus(length(phase))) < 0;
            Duration inPhase = age.minus(start);
            switch (phase) {
                case Phase.Wait _ -> {
                    if (now) return new Observation.Waiting(handle(attempt), Reason.STARTING);
                }
                case Phase.Run run -> {
                    if (now) return active(attempt, launched.plus(age).minus(ran.plus(inPhase)), ran.plus(inPhase));
                    ran = ran.plus(run.length());
                }
                case Phase.Unreachable gone -> {
                    if (now) return new Observation.Unreachable("out of sight, as scripted");
                    ran = ran.plus(gone.length());
                }
                case Phase.Stall _ -> {
                    return active(attempt, launched.plus(age).minus(ran.plus(inPhase)), ran.plus(inPhase));
                }
                case Phase.Vanish _ -> {
                    return new Observation.Missing();
                }
                case Phase.Succeed _ -> {
                    return new Observation.Ended(new Ending.Success(), ran);
                }
                case Phase.Fail fail -> {
                    return new Observation.Ended(new Ending.Failure(fail.cause(), "failed, as scripted"), ran);
                }
                case Phase.Refuse _ -> {}
            }
            start = start.plus(length(phase));
        }
        return new Observation.Ended(new Ending.Success(), ran);
    }

    private static Observation active(Attempt attempt, Instant since, Duration elapsed) {
        return new Observation.Active(handle(attempt), since, elapsed);
    }

    private static Duration length(Phase phase) {
        return switch (phase) {
            case Phase.Wait wait -> wait.length();
            case Phase.Run run -> run.length();
            case Phase.Unreachable gone -> gone.length();
            case Phase.Stall _, Phase.Vanish _, Phase.Succeed _, Phase.Fail _, Phase.Refuse _ -> Duration.ZERO;
        };
    }

    @Override
    public void stop(Attempt attempt, Optional<Handle> handle, Duration grace) {
        ledger.stop(attempt.job(), attempt.number(), clock.instant());
        wake.accept(attempt.job());
    }

    /** One line a second of running, in the words of our trainer. */
    @Override
    public LogSource logs(Attempt attempt, Optional<Handle> handle) {
        return new LogSource() {
            @Override
            public List<Part> parts() {
                return List.of(new Part(0, Stream.STDOUT));
            }

            @Override
            public Chunk read(Part part, long position, int maxBytes) {
                byte[] all = output(attempt).getBytes(StandardCharsets.UTF_8);
                int from = (int) Math.min(position, all.length);
                int to = Math.min(all.length, from + maxBytes);
                return new Chunk(Arrays.copyOfRange(all, from, to), to);
            }

            @Override
            public void release() {
                ledger.forget(attempt.job(), attempt.number());
            }
        };
    }

    private String output(Attempt attempt) {
        var entry = ledger.find(attempt.job(), attempt.number());
        if (entry.flatMap(Ledger.Entry::launched).isEmpty()) return "";
        var text = new StringBuilder("{\"event\":\"started\",\"framework\":\"simulated\"}\n");
        Duration ran = switch (observe(attempt, Optional.empty())) {
            case Observation.Active active -> active.elapsed();
            case Observation.Ended ended -> ended.ran();
            case Observation.Missing _, Observation.Waiting _, Observation.Unreachable _ -> Duration.ZERO;
        };
        long total = Math.max(
                1,
                script(entry.get(), attempt).phases().stream()
                        .mapToLong(phase -> length(phase).toSeconds())
                        .sum());
        for (long second = 1; second <= ran.toSeconds(); second++)
            text.append("{\"event\":\"step\",\"step\":%d,\"total_steps\":%d,\"loss\":%.4f}\n"
                    .formatted(second, total, 2.0 / Math.sqrt((double) second)));
        return text.toString();
    }

    @Override
    public Capacity capacity() {
        return new Capacity(Capacity.UNLIMITED.gpus(), Integer.MAX_VALUE, Long.MAX_VALUE, slots);
    }

    private String text(JobSpec spec) {
        return spec.annotations().getOrDefault(SCRIPT, "run " + defaultLength.toMillis() + "ms, succeed");
    }

    private static Script script(Ledger.Entry entry, Attempt attempt) {
        return Script.parse(entry.script(), attempt.number());
    }

    private static Handle handle(Attempt attempt) {
        return new Handle("simulated", "Script", "simulated", attempt.toString(), "1");
    }

    @Override
    public void close() {
        alarm.shutdownNow();
    }
}
