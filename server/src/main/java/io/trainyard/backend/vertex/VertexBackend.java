package io.trainyard.backend.vertex;

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
import io.trainyard.job.JobId;
import io.trainyard.job.Observation;
import io.trainyard.job.Observation.Ended;
import io.trainyard.job.Observation.Ending;
import io.trainyard.job.Queue.Demand;
import io.trainyard.spec.JobSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Attempts as custom jobs of Vertex AI. */
public final class VertexBackend implements Backend, AutoCloseable {
    public static final String NAME = "vertex";
    private static final System.Logger LOG = System.getLogger(VertexBackend.class.getName());
    static final String ONLY_RENDERS =
            "jobs are not submitted to Vertex AI here: set VERTEX_SUBMIT=1 to have them submitted";
    /** A check that passed is not made again for so long. */
    private static final Duration CHECK_HOLDS = Duration.ofMinutes(5);

    private static final int LAST_LINES = 5;

    private final VertexSettings settings;
    private final InstantSource clock;
    private final Calls calls;
    private final CustomJobs jobs;
    private final Watch watch;
    private final CloudLogging logging;
    private final Map<String, Tail> tails = new ConcurrentHashMap<>();
    private final Set<String> stopped = ConcurrentHashMap.newKeySet();
    private volatile Instant checkHolds = Instant.MIN;

    /** @param wake called with a job that should be looked at now */
    public VertexBackend(VertexSettings settings, InstantSource clock, Consumer<JobId> wake) {
        this.settings = settings;
        this.clock = clock;
        this.calls = new Calls(new Bearer(settings.access().credentials()));
        this.jobs = new CustomJobs(settings, calls, clock);
        this.watch = new Watch(jobs, clock, settings.access().poll(), wake);
        this.logging = new CloudLogging(settings.access().loggingEndpoint(), calls, clock);
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public boolean rendersOnly() {
        return !settings.submit();
    }

    @Override
    public Plan plan(JobSpec spec) {
        var manifest = Manifest.of(spec, settings);
        var asked = spec.resources();
        var demand = new Demand(asked.gpus(), asked.cpus(), (long) asked.memoryGib() << 30);
        return new Plan(manifest.objections(), manifest.warnings(), demand, manifest.text());
    }

    @Override
    public Check check(JobSpec spec, Duration within) {
        if (!settings.submit() || clock.instant().isBefore(checkHolds)) return new Check.Passed();
        return switch (jobs.probe()) {
            case Reply.Ok _ -> {
                checkHolds = clock.instant().plus(CHECK_HOLDS);
                yield new Check.Passed();
            }
            case Reply.Refused refused
            when !refused.passing() ->
                new Check.Objected(List.of("placement.backends: Vertex AI refuses %s: %s"
                        .formatted(settings.project().id().orElse(""), refused.message())));
            case Reply.Refused refused -> new Check.Unknown(refused.message());
            case Reply.NotSent notSent -> new Check.Unknown(notSent.why());
            case Reply.Unanswered unanswered -> new Check.Unknown(unanswered.why());
        };
    }

    @Override
    public Launched launch(Launch launch) {
        Attempt attempt = launch.attempt();
        if (!settings.submit()) return new Launched.Refused(new Ending.Failure(Cause.UNSUPPORTED, ONLY_RENDERS));
        if (stopped.contains(attempt.toString()))
            return new Launched.Refused(new Ending.Failure(Cause.SIGNAL, "stopped before it started"));
        var manifest = Manifest.of(launch.spec(), settings);
        if (!manifest.objections().isEmpty())
            return new Launched.Refused(
                    new Ending.Failure(Cause.BAD_CONFIGURATION, String.join("; ", manifest.objections())));
        ObjectNode body = manifest.body();
        ObjectNode labels = body.withObject("/labels");
        Labels.of(attempt).forEach(labels::put);
        return jobs.create(attempt, body);
    }

    @Override
    public Observation observe(Attempt attempt, Optional<Handle> handle) {
        try {
            Optional<JsonNode> job = handle.isPresent()
                    ? watch.recent(handle.get().name())
                            .or(() -> jobs.get(handle.get().name()))
                    : jobs.find(attempt);
            if (job.isEmpty()) {
                handle.map(Handle::name).ifPresent(watch::forget);
                return new Observation.Missing();
            }
            return seen(attempt, job.get());
        } catch (Unreachable unreachable) {
            return new Observation.Unreachable(String.valueOf(unreachable.getMessage()));
        }
    }

    private Observation seen(Attempt attempt, JsonNode job) {
        Handle handle = CustomJobs.handle(job);
        Instant now = clock.instant();
        watch.follow(handle.name(), attempt.job());
        Observation seen = States.of(job, handle, now);
        if (!(seen instanceof Ended ended)) {
            if (seen instanceof Observation.Unreachable odd)
                LOG.log(System.Logger.Level.WARNING, "{0}: {1}", handle.name(), odd.why());
            return seen;
        }
        boolean linesMayCome = States.began(job).isPresent()
                && States.end(job)
                        .filter(end -> now.isBefore(end.plus(settings.access().logsSettle())))
                        .isPresent();
        if (linesMayCome) return States.ending(job, handle);
        watch.forget(handle.name());
        tail(attempt, handle).ended(now);
        if (States.state(job).equals("JOB_STATE_PARTIALLY_SUCCEEDED"))
            LOG.log(System.Logger.Level.WARNING, "{0} succeeded in part: {1}", handle.name(), job.path("error"));
        return told(handle, ended);
    }

    /** The service says that a replica failed; why stands in what it printed last. */
    private Ended told(Handle handle, Ended ended) {
        if (!(ended.ending() instanceof Ending.Failure failure) || failure.cause() != Cause.EXIT_CODE) return ended;
        List<String> lines = logging.last(handle.name(), LAST_LINES);
        if (lines.isEmpty()) return ended;
        String detail = failure.detail() + "\n" + String.join("\n", lines);
        return new Ended(new Ending.Failure(failure.cause(), detail), ended.ran());
    }

    /** The grace is the service's own: it cannot be told one. */
    @Override
    public void stop(Attempt attempt, Optional<Handle> handle, Duration grace) {
        stopped.add(attempt.toString());
        Optional<String> name =
                handle.map(Handle::name).or(() -> jobs.find(attempt).map(CustomJobs::name));
        if (name.isPresent()) jobs.cancel(name.get());
        else if (!jobs.ruledOut(attempt))
            throw new Unreachable("a create of " + attempt + " may still come about; it is looked for again");
    }

    @Override
    public LogSource logs(Attempt attempt, Optional<Handle> handle) {
        Handle known = handle.orElseGet(() ->
                jobs.find(attempt).map(CustomJobs::handle).orElseGet(() -> new Handle(NAME, "CustomJob", "", "", "")));
        if (known.name().isEmpty()) return new Nothing();
        return new LogSource() {
            @Override
            public List<Part> parts() {
                return tail(attempt, known).parts();
            }

            @Override
            public Chunk read(Part part, long position, int maxBytes) {
                return tail(attempt, known).read(part, position, maxBytes);
            }

            @Override
            public void release() {
                dropped(attempt, known);
            }
        };
    }

    /** What an attempt prints that was never created. */
    private static final class Nothing implements LogSource {
        @Override
        public List<Part> parts() {
            return List.of();
        }

        @Override
        public Chunk read(Part part, long position, int maxBytes) {
            return new Chunk(new byte[0], position);
        }

        @Override
        public void release() {}
    }

    private Tail tail(Attempt attempt, Handle handle) {
        return tails.computeIfAbsent(
                key(attempt), key -> new Tail(handle.name(), Spool.open(spools().resolve(key)), logging, clock));
    }

    private void dropped(Attempt attempt, Handle handle) {
        @Nullable Tail tail = tails.remove(key(attempt));
        if (tail != null) tail.drop();
        else Spool.drop(spools().resolve(key(attempt)));
        stopped.remove(attempt.toString());
        watch.forget(handle.name());
        if (settings.access().deleteFinished()) deleted(handle);
    }

    private void deleted(Handle handle) {
        try {
            jobs.delete(handle.name());
        } catch (Unreachable stays) {
            LOG.log(System.Logger.Level.WARNING, "{0} is not deleted: {1}", handle.name(), stays.getMessage());
        }
    }

    /** For a test to look by hand. */
    Watch watch() {
        return watch;
    }

    private Path spools() {
        return settings.home().resolve(NAME);
    }

    /** Job ids hold nothing that a file name could not. */
    private static String key(Attempt attempt) {
        return attempt.job().value() + "-" + attempt.number();
    }

    @Override
    public void keepOnly(List<Attempt> live) {
        if (!Files.isDirectory(spools())) return;
        Set<String> kept = live.stream().map(VertexBackend::key).collect(Collectors.toSet());
        try (var folders = Files.list(spools())) {
            folders.filter(folder -> !kept.contains(String.valueOf(folder.getFileName())))
                    .forEach(Spool::drop);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public Capacity capacity() {
        return Capacity.UNLIMITED;
    }

    @Override
    public void close() {
        watch.close();
        calls.close();
    }
}
