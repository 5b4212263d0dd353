package io.trainyard.backend.attempts;

import io.trainyard.backend.Backend;
import io.trainyard.backend.Check;
import io.trainyard.backend.Launch;
import io.trainyard.backend.Launched;
import io.trainyard.backend.LogSource;
import io.trainyard.backend.Plan;
import io.trainyard.backend.cluster.Api;
import io.trainyard.backend.pods.Depth;
import io.trainyard.backend.pods.Environment;
import io.trainyard.backend.pods.Names;
import io.trainyard.backend.pods.OurTrainer;
import io.trainyard.backend.pods.Workload;
import io.trainyard.backend.pods.Workload.Naming;
import io.trainyard.job.Attempt;
import io.trainyard.job.Capacity;
import io.trainyard.job.Cause;
import io.trainyard.job.Handle;
import io.trainyard.job.JobId;
import io.trainyard.job.Observation;
import io.trainyard.job.Observation.Ending;
import io.trainyard.spec.JobSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/** Attempts on a Kubernetes cluster, as whatever kinds of objects it is given. */
public final class ClusterBackend implements Backend, AutoCloseable {
    private final String name;
    private final List<Workload> kinds;
    private final Depth depth;
    private final Rehearsal rehearsal;
    private final Ground ground;
    private final Leftovers leftovers;
    private final Map<String, Live> live = new ConcurrentHashMap<>();
    private final Map<String, Sightings> sightings = new ConcurrentHashMap<>();

    /** What all its attempts stand on. */
    record Ground(Api api, AttemptsSettings settings, InstantSource clock, Consumer<JobId> wake) {}

    /**
     * @param depth up to creating; short of that it only says what it would create
     * @param wake called with a job that should be looked at now
     */
    public ClusterBackend(String name, List<Workload> kinds, Depth depth, Access access, Consumer<JobId> wake) {
        this.name = name;
        this.kinds = List.copyOf(kinds);
        this.depth = depth;
        this.rehearsal = new Rehearsal(access.api(), access.settings().queueing(), access.clock());
        this.ground = new Ground(access.api(), access.settings(), access.clock(), wake);
        this.leftovers = new Leftovers(ground, this.kinds);
    }

    /** How the cluster is reached and followed. */
    public record Access(Api api, AttemptsSettings settings, InstantSource clock) {}

    @Override
    public String name() {
        return name;
    }

    @Override
    public boolean rendersOnly() {
        return depth != Depth.APPLY;
    }

    private Workload kind(JobSpec spec) {
        return kinds.stream().filter(kind -> kind.takes(spec)).findFirst().orElseThrow();
    }

    private Optional<Workload> kind(String word) {
        return kinds.stream().filter(kind -> kind.kind().kind().equals(word)).findFirst();
    }

    @Override
    public Plan plan(JobSpec spec) {
        return kind(spec).plan(spec);
    }

    @Override
    public Check check(JobSpec spec, Duration within) {
        return switch (depth) {
            case RENDER -> new Check.Passed();
            case DRY_RUN, APPLY -> rehearsal.of(spec, kind(spec), within);
        };
    }

    @Override
    public Launched launch(Launch launch) {
        Attempt attempt = launch.attempt();
        if (rendersOnly())
            return new Launched.Refused(
                    new Ending.Failure(Cause.UNSUPPORTED, name + ": this server only renders manifests"));
        Folder folder = Folder.of(folders(), attempt);
        if (folder.stopped().isPresent())
            return new Launched.Refused(new Ending.Failure(Cause.SIGNAL, "stopped before it started"));
        Workload kind = kind(launch.spec());
        Naming naming = naming(launch, kind);
        var made = new Creation(ground.api(), ground.settings().queueing(), kind, folder, attempt)
                .create(launch, naming, Environment.secrets(launch, naming.pushToken()));
        made.object()
                .ifPresent(object ->
                        live(attempt, kind, naming.namespace(), naming.name()).created(object));
        return made.launched();
    }

    private Naming naming(Launch launch, Workload kind) {
        Attempt attempt = launch.attempt();
        String object = Names.of(launch.spec(), attempt);
        var labels = new HashMap<>(Names.labels(attempt));
        labels.put(Names.NODES, Integer.toString(launch.spec().resources().nodes()));
        var variables = new TreeMap<String, String>();
        variables.put("TRAINYARD_JOB_ID", attempt.job().value());
        variables.put("TRAINYARD_ATTEMPT", Integer.toString(attempt.number()));
        OurTrainer.framework(launch.spec())
                .ifPresent(word -> variables.put(OurTrainer.CONFIG, OurTrainer.config(launch, word)));
        boolean pushes = ground.settings().reachable() && launch.push().isPresent();
        if (pushes) {
            variables.put("KUBEFLOW_TRAINER_SERVER_URL", launch.push().get().url());
            variables.put("KUBEFLOW_TRAINER_SERVER_TOKEN", Environment.PUSH_TOKEN_FILE);
        }
        return new Naming(object, kind.namespace(launch.spec()), Names.secretOf(object), labels, variables, pushes);
    }

    @Override
    public Observation observe(Attempt attempt, Optional<Handle> handle) {
        Optional<Live> known = live(attempt, handle);
        if (known.isEmpty()) return new Observation.Missing();
        try {
            return known.get().observe(handle);
        } catch (Unreachable silent) {
            return new Observation.Unreachable(String.valueOf(silent.getMessage()));
        }
    }

    @Override
    public void stop(Attempt attempt, Optional<Handle> handle, Duration grace) {
        Optional<Live> known = live(attempt, handle);
        if (known.isPresent()) known.get().stop(handle);
        else
            Folder.of(folders(), attempt)
                    .stop(new Folder.Stopped(Optional.empty(), ground.clock().instant()));
    }

    @Override
    public LogSource logs(Attempt attempt, Optional<Handle> handle) {
        Optional<Live> known = live(attempt, handle);
        return new LogSource() {
            @Override
            public List<Part> parts() {
                return known.map(it -> it.output().parts()).orElse(List.of());
            }

            @Override
            public Chunk read(Part part, long position, int maxBytes) {
                return known.map(it -> it.output().read(part, position, maxBytes))
                        .orElseGet(() -> new Chunk(new byte[0], position));
            }

            @Override
            public void release() {
                live.remove(Folder.key(attempt));
                boolean gone = known.isEmpty() || known.get().release(handle);
                Folder folder = Folder.of(folders(), attempt);
                if (gone) folder.drop();
                else leftovers.add(folder);
            }
        };
    }

    /** Nothing was ever sent for an attempt without a handle and without a folder that says what was about to be. */
    private Optional<Live> live(Attempt attempt, Optional<Handle> handle) {
        Live known = live.get(Folder.key(attempt));
        if (known != null) return Optional.of(known);
        Optional<Folder.Intent> intent = handle.map(it -> new Folder.Intent(it.kind(), it.namespace(), it.name()))
                .or(() -> Folder.of(folders(), attempt).intent());
        return intent.map(it -> live(
                attempt,
                kind(it.kind())
                        .orElseThrow(() ->
                                new Unreachable("%s: this server knows nothing of a %s".formatted(name, it.kind()))),
                it.namespace(),
                it.name()));
    }

    private Live live(Attempt attempt, Workload kind, String namespace, String object) {
        return live.computeIfAbsent(
                Folder.key(attempt),
                _ -> new Live(
                        ground,
                        attempt,
                        new Live.Place(kind, namespace, object),
                        Folder.of(folders(), attempt),
                        sightings(kind, namespace)));
    }

    private Sightings sightings(Workload kind, String namespace) {
        return sightings.computeIfAbsent(kind.kind().path(namespace), _ -> new Sightings(ground, kind, namespace));
    }

    private Path folders() {
        return ground.settings().home().resolve(name);
    }

    /** What a crash left behind goes, on the cluster too; whether that answers now is no matter of our start. */
    @Override
    public void keepOnly(List<Attempt> attempts) {
        if (!Files.isDirectory(folders())) return;
        Set<String> kept = attempts.stream().map(Folder::key).collect(Collectors.toSet());
        try (var folders = Files.list(folders())) {
            for (Path folder : folders.toList()) {
                String key = String.valueOf(folder.getFileName());
                if (!kept.contains(key)) leftovers.add(Folder.keyed(folders(), key));
            }
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
        leftovers.close();
        live.values().forEach(Live::close);
        sightings.values().forEach(Sightings::close);
    }
}
