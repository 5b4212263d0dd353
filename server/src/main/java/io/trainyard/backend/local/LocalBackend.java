package io.trainyard.backend.local;

import io.trainyard.backend.Backend;
import io.trainyard.backend.Check;
import io.trainyard.backend.Launch;
import io.trainyard.backend.Launched;
import io.trainyard.backend.LogSource;
import io.trainyard.backend.Places;
import io.trainyard.backend.Plan;
import io.trainyard.backend.local.Folder.Started;
import io.trainyard.backend.warm.WarmParents;
import io.trainyard.job.Attempt;
import io.trainyard.job.Capacity;
import io.trainyard.job.Handle;
import io.trainyard.job.JobId;
import io.trainyard.job.Observation;
import io.trainyard.job.Observation.Active;
import io.trainyard.job.Observation.Ended;
import io.trainyard.job.Observation.Missing;
import io.trainyard.job.Observation.Waiting;
import io.trainyard.job.Reason;
import io.trainyard.spec.JobSpec;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * Runs attempts as processes on this machine; see the package for how they outlive the server. Linux only: elsewhere
 * every plan objects and says what is lacking.
 */
public final class LocalBackend implements Backend, AutoCloseable {
    public static final String NAME = "local";
    /** How long a look waits for killed leftovers to go. */
    private static final Duration CLEARING_LIMIT = Duration.ofSeconds(2);

    private final LocalSettings settings;
    private final Consumer<JobId> wake;
    private final InstantSource clock;
    private final Machine machine;
    private final Capacity capacity;
    private final ProcessTable processes;
    private final Stopper stopper;
    private final Interpreters interpreters;
    private final Launcher launcher;
    private final WarmParents parents;
    private final Marks marks;
    private final Set<Folder> watched = ConcurrentHashMap.newKeySet();

    /** @param wake told whose process has ended; called on any thread, so it should only take note */
    public LocalBackend(LocalSettings settings, Consumer<JobId> wake, InstantSource clock) {
        this(settings, wake, clock, Machine.here());
    }

    LocalBackend(LocalSettings settings, Consumer<JobId> wake, InstantSource clock, Machine machine) {
        this.settings = settings;
        this.wake = wake;
        this.clock = clock;
        this.machine = machine;
        this.capacity = Machine.capacity(settings.limits());
        this.processes = new ProcessTable(machine.proc());
        this.stopper = new Stopper(machine, processes);
        this.marks = new Marks(settings.home());
        this.interpreters = new Interpreters(settings);
        this.parents = new WarmParents(
                settings.home().resolve("warm"),
                settings.trainer(),
                Variables.ofParent(settings.trainer(), settings.passOn(), System.getenv()),
                interpreters::sharing,
                pid -> processes.find(pid).map(found -> pid + " " + found.startTicks() + " " + machine.bootId()));
        this.launcher = new Launcher(settings, machine, interpreters, parents);
    }

    /** Starts the parents that jobs are forked from, where any are asked for. Returns at once. */
    public void keepWarm() {
        parents.keep(() -> Interpreters.FRAMEWORKS.stream()
                .filter(each -> settings.warm().contains(Interpreters.environment(each)))
                .flatMap(each -> interpreters.of(each).stream())
                .distinct()
                .toList());
    }

    boolean warm(String python) {
        return parents.ready(python);
    }

    /** Ends the parents. Attempts run on. */
    @Override
    public void close() {
        parents.close();
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Places places(JobId job, String runId, JobSpec spec) {
        var artifacts = spec.artifacts();
        return new Places(
                Optional.of(place(artifacts.outputUri(), Folder.outputOf(settings.home(), job))),
                Optional.of(place(artifacts.checkpoints().uri(), RunFolder.checkpointFolder(settings.home(), runId))));
    }

    /**
     * A folder that the job named may be anybody's. Whoever may run commands here could look into it anyway; nobody
     * else learns from us what is in it.
     */
    private Places.Place place(Optional<String> named, Path own) {
        if (named.isEmpty()) return new Places.Place(own.toString(), Optional.of(own));
        String path = named.get().startsWith("file:///") ? named.get().substring("file://".length()) : named.get();
        boolean ours = settings.allowCommands() && path.startsWith("/") && path.indexOf('\0') < 0;
        return new Places.Place(named.get(), ours ? Optional.of(Path.of(path).normalize()) : Optional.empty());
    }

    /** What our trainer can train here as things stand, by the words of {@code run.json}. */
    public List<String> frameworks() {
        return Interpreters.FRAMEWORKS.stream()
                .filter(each -> interpreters.of(each).isPresent())
                .toList();
    }

    @Override
    public Plan plan(JobSpec spec) {
        return new Planner(settings, capacity, machine, interpreters).plan(spec);
    }

    /** The machine is known beforehand: what there is to object, the plan has said. */
    @Override
    public Check check(JobSpec spec, Duration within) {
        return new Check.Passed();
    }

    @Override
    public Launched launch(Launch launch) {
        var attempt = launch.attempt();
        var folder = folder(attempt);
        return launcher.launch(launch, folder, mark(folder), exit -> watch(folder, attempt.job(), exit));
    }

    @Override
    public Observation observe(Attempt attempt, Optional<Handle> handle) {
        if (handle.filter(known -> !known.cluster().equals(machine.hostId())).isPresent())
            return elsewhere(handle.get().cluster());
        var folder = folder(attempt);
        try {
            return switch (folder.started()) {
                case Started.No _ -> new Missing();
                case Started.Never _ -> new Ended(Endings.NEVER_RAN, Duration.ZERO);
                case Started.Writing _ -> starting(folder, handle);
                case Started.By by -> started(attempt, folder, by.shim());
            };
        } catch (UncheckedIOException e) {
            return new Observation.Unreachable("cannot read " + folder.path() + ": " + e.getMessage());
        }
    }

    private Observation started(Attempt attempt, Folder folder, Supervisor shim) {
        if (!shim.hostId().equals(machine.hostId())) return elsewhere(shim.hostId());
        boolean alive = shim.bootId().equals(machine.bootId()) && processes.alive(shim);
        // In this order: a shim that is gone has written its exit before.
        var exit = folder.exit();
        if (exit.isPresent()) return exited(folder, shim, exit.get());
        if (!shim.bootId().equals(machine.bootId())) return new Ended(Endings.REBOOTED, Duration.ZERO);
        if (!alive) return lost(folder, shim);
        ProcessHandle.of(shim.pid())
                .filter(_ -> processes.alive(shim))
                .ifPresent(process -> watch(folder, attempt.job(), process.onExit()));
        // The server that was told to stop it may be gone.
        if (folder.stopDeadline().isPresent()) stopper.goOn(folder, mark(folder), () -> wake.accept(attempt.job()));
        return active(shim);
    }

    private Observation exited(Folder folder, Supervisor shim, Folder.Exit exit) {
        boolean sameBoot = shim.bootId().equals(machine.bootId());
        if (sameBoot && !empty(folder)) return active(shim);
        long kills = machine.outOfMemoryKills() - folder.outOfMemoryKillsBefore();
        return new Ended(Endings.of(exit.status(), folder, sameBoot ? kills : 0), length(shim, exit.uptime()));
    }

    /** Whether nothing of the attempt runs any more; what a stop does not leave alone is killed. */
    private boolean empty(Folder folder) {
        String mark = mark(folder);
        return stopper.inGrace(folder)
                ? stopper.left(folder, mark).isEmpty()
                : stopper.clear(folder, mark, CLEARING_LIMIT);
    }

    /** Orphans go first: the next attempt shall not overlap with them. */
    private Observation lost(Folder folder, Supervisor shim) {
        if (!stopper.clear(folder, mark(folder), CLEARING_LIMIT)) return active(shim);
        // The shim may have died with its last step under way.
        return folder.exit()
                .map(exit -> exited(folder, shim, exit))
                .orElseGet(() -> new Ended(Endings.LOST, length(shim, machine.uptime())));
    }

    private Observation starting(Folder folder, Optional<Handle> handle) {
        var tree = stopper.left(folder, mark(folder));
        // Between creating and writing there is an instant, in which the shim lives.
        if (tree.isEmpty())
            return folder.started() instanceof Started.Writing
                    ? new Ended(Endings.LOST, Duration.ZERO)
                    : new Waiting(handle.orElseGet(() -> launcher.nobody()), Reason.STARTING);
        var first = tree.getFirst();
        return new Waiting(
                handle.orElseGet(() ->
                        new Supervisor(machine.hostId(), machine.bootId(), first.pid(), first.startTicks()).handle()),
                Reason.STARTING);
    }

    private Active active(Supervisor shim) {
        var elapsed = length(shim, machine.uptime());
        return new Active(shim.handle(), clock.instant().minus(elapsed), elapsed);
    }

    private static Duration length(Supervisor shim, Duration until) {
        var length = until.minus(shim.started());
        return length.isNegative() ? Duration.ZERO : length;
    }

    private static Observation.Unreachable elsewhere(String host) {
        return new Observation.Unreachable("the attempt was started on another machine (" + host + ")");
    }

    @Override
    public void stop(Attempt attempt, Optional<Handle> handle, Duration grace) {
        if (handle.filter(known -> !known.cluster().equals(machine.hostId())).isPresent())
            throw new Backend.Unreachable(elsewhere(handle.get().cluster()).why());
        var folder = folder(attempt);
        try {
            // A launch may be on its way: either this is first and it never starts, or there is something to stop.
            if (folder.started() instanceof Started.No) folder.neverStart();
            switch (folder.started()) {
                case Started.No _, Started.Never _ -> wake.accept(attempt.job());
                case Started.Writing _ -> stopper.stop(folder, mark(folder), grace, () -> wake.accept(attempt.job()));
                case Started.By by -> {
                    if (!by.shim().hostId().equals(machine.hostId()))
                        throw new Backend.Unreachable(
                                elsewhere(by.shim().hostId()).why());
                    if (by.shim().bootId().equals(machine.bootId()))
                        stopper.stop(folder, mark(folder), grace, () -> wake.accept(attempt.job()));
                }
            }
        } catch (UncheckedIOException e) {
            throw new Backend.Unreachable("cannot stop " + attempt + " in " + folder.path(), e);
        }
    }

    @Override
    public LogSource logs(Attempt attempt, Optional<Handle> handle) {
        return new LocalLogs(folder(attempt));
    }

    @Override
    public void keepOnly(List<Attempt> live) {
        var kept = live.stream().map(this::folder).collect(Collectors.toSet());
        for (Folder folder : Folder.all(settings.home())) if (!kept.contains(folder)) new LocalLogs(folder).release();
    }

    @Override
    public Capacity capacity() {
        return capacity;
    }

    /** One watcher a process, its own or one found again; another look would only hold another thread. */
    private void watch(Folder folder, JobId job, CompletableFuture<?> exit) {
        if (!watched.add(folder)) return;
        var _ = exit.thenRunAsync(
                () -> {
                    watched.remove(folder);
                    wake.accept(job);
                },
                task -> Thread.ofVirtual().name("exit of " + job).start(task));
    }

    private Folder folder(Attempt attempt) {
        return Folder.of(settings.home(), attempt);
    }

    String mark(Folder folder) {
        return marks.of(folder);
    }
}
