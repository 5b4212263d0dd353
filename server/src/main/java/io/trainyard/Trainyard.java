package io.trainyard;

import io.javalin.Javalin;
import io.trainyard.access.Door;
import io.trainyard.access.Tokens;
import io.trainyard.admission.Admission;
import io.trainyard.admission.Placer;
import io.trainyard.backend.Backend;
import io.trainyard.backend.Launch;
import io.trainyard.backend.attempts.ClusterBackend;
import io.trainyard.backend.cluster.Api;
import io.trainyard.backend.kubernetes.JobWorkload;
import io.trainyard.backend.local.LocalBackend;
import io.trainyard.backend.simulated.SimulatedBackend;
import io.trainyard.backend.vertex.VertexBackend;
import io.trainyard.contract.push.PushContract;
import io.trainyard.contract.root.Root;
import io.trainyard.contract.root.RootOffer;
import io.trainyard.contract.studio.StudioContract;
import io.trainyard.contract.trainer.Callbacks;
import io.trainyard.contract.trainer.TrainerContract;
import io.trainyard.contract.trainyard.Notices;
import io.trainyard.contract.trainyard.TrainyardContract;
import io.trainyard.contract.unified.UnifiedContract;
import io.trainyard.contract.vision.VisionContract;
import io.trainyard.http.Contract;
import io.trainyard.job.Job;
import io.trainyard.job.JobId;
import io.trainyard.logs.Harvester;
import io.trainyard.progress.ProgressIntake;
import io.trainyard.reconciler.Launches;
import io.trainyard.reconciler.Output;
import io.trainyard.reconciler.Reconciler;
import io.trainyard.secrets.Sealer;
import io.trainyard.store.SqliteStore;
import io.trainyard.store.Store;
import io.trainyard.stream.Streams;
import io.trainyard.webhook.AddressPolicy;
import io.trainyard.webhook.Deliverer;
import io.trainyard.webhook.Names;
import io.trainyard.webhook.Renderer;
import io.trainyard.webhook.Sender;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** The server: all rooms, wired by hand. Ready when {@link #start} returns. */
final class Trainyard implements AutoCloseable {
    static final String VERSION = "0.1.0";
    private static final System.Logger LOG = System.getLogger(Trainyard.class.getName());

    private final Store store;
    private final LocalBackend local;
    private final SimulatedBackend simulated;
    private final Api api;
    private final ClusterBackend kubernetes;
    private final ClusterBackend kubeflow;
    private final VertexBackend vertex;
    private final ClusterProbe probe;
    private final Reconciler reconciler;
    private final Harvester harvester;
    private final Streams streams;
    private final Sender sender;
    private final Deliverer deliverer;
    private final Javalin http;

    static Trainyard start(Configuration configuration) {
        InstantSource clock = InstantSource.system();
        try {
            Files.createDirectories(configuration.home());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new Trainyard(configuration, SqliteStore.open(configuration.home(), clock), clock);
    }

    Trainyard(Configuration configuration, Store store, InstantSource clock) {
        this.store = store;
        var sealer = Sealer.open(configuration.home().resolve("secrets.key"));
        var hint = new AtomicReference<Consumer<JobId>>(_ -> {});
        Consumer<JobId> wake = job -> hint.get().accept(job);
        local = new LocalBackend(configuration.local(), wake, clock);
        simulated = new SimulatedBackend(
                configuration.home().resolve("simulated.ledger"),
                configuration.simulatedRun(),
                configuration.simulatedSlots(),
                clock,
                wake);
        var clusters = new KubernetesConfiguration(configuration);
        api = new Api(clusters.cluster());
        kubernetes = new ClusterBackend(
                JobWorkload.NAME,
                clusters.kinds(),
                clusters.settings().depth(),
                new ClusterBackend.Access(api, clusters.pods(), clock),
                wake);
        vertex = new VertexBackend(new VertexConfiguration(configuration).settings(), clock, wake);
        var operators = new KubeflowConfiguration(configuration);
        kubeflow = kubeflow(operators, clock, wake);
        List<Backend> backends = List.of(local, simulated, kubernetes, kubeflow, vertex);
        var progress = new ProgressIntake(store);
        harvester = new Harvester(store, backends, sealer, progress, clock);
        var address = new AtomicReference<>(configuration.publicUrl());
        var launches = new Launches(store.jobs(), sealer, job -> push(address.get(), sealer, job));
        reconciler = new Reconciler(
                store,
                backends,
                launches,
                output(harvester),
                new Reconciler.Timing(clock, configuration.poll(), configuration.backoff()));
        hint.set(reconciler::look);
        streams = new Streams(store, clock);
        var placer = new Placer(backends, configuration.preferredBackend(), operators.preferred(), reconciler);
        var admission = new Admission(store.jobs(), placer, sealer, clock, new SecureRandom());
        var addresses = new AddressPolicy(configuration.privateReceivers());
        sender = new Sender(addresses, Names.SYSTEM, "Trainyard/" + VERSION);
        deliverer = deliverer(configuration, sealer, clock);
        var tokens = new Tokens(configuration.token());
        var trainer = new TrainerContract(
                admission, store, tokens, addresses, new TrainerConfiguration(configuration).settings());
        var unified = new UnifiedContract(admission, store, tokens);
        var studio = new StudioContract(
                admission, store, tokens, new StudioConfiguration(configuration).settings(), new SecureRandom());
        List<RootOffer> offers = Stream.concat(
                        trainer.rootOffers().stream(), Stream.of(unified.rootOffer(), studio.rootOffer()))
                .toList();
        List<Contract> contracts = List.of(
                new TrainyardContract(
                        new TrainyardContract.Behind(admission, store, streams, addresses), tokens, clock),
                trainer,
                unified,
                studio,
                new VisionContract(
                        new VisionConfiguration(configuration).settings(address::get),
                        new VisionContract.Rooms(admission, store, tokens, streams, progress, sealer),
                        clock,
                        new SecureRandom()),
                new PushContract(store.jobs(), progress, sealer, clock),
                new Root(offers, configuration.rootContract(), tokens));
        http = new WebServer(configuration, contracts).create(routes -> {
            new Door(tokens, configuration.hosts()).mount(routes);
            new Health(studio.health(), placer.names(), VERSION).mount(routes);
        });
        http.start();
        if (address.get().isEmpty()) address.set(Optional.of("http://127.0.0.1:" + http.port()));
        local.keepWarm();
        reconciler.start();
        deliverer.start();
        probe = new ClusterProbe(configuration, api);
        sayReady(configuration);
    }

    private ClusterBackend kubeflow(KubeflowConfiguration configuration, InstantSource clock, Consumer<JobId> wake) {
        return new ClusterBackend(
                KubeflowConfiguration.BACKEND,
                configuration.kinds(api, clock),
                configuration.settings().depth(),
                new ClusterBackend.Access(api, configuration.pods(), clock),
                wake);
    }

    private Deliverer deliverer(Configuration configuration, Sealer sealer, InstantSource clock) {
        Map<String, Renderer> renderers = Map.of(
                "", new Notices(store.metrics(), clock),
                "trainer", new Callbacks(configuration.submittedAs(), store));
        return new Deliverer(
                store,
                sealer,
                renderers,
                sender,
                new Deliverer.Timing(clock, new SecureRandom(), configuration.heartbeat()));
    }

    private void sayReady(Configuration configuration) {
        for (String unused : new KubernetesConfiguration(configuration).unused())
            LOG.log(System.Logger.Level.WARNING, unused);
        LOG.log(
                System.Logger.Level.INFO,
                "Trainyard {0} listens on http://{1}:{2}, data in {3}, jobs run on {4}",
                VERSION,
                configuration.host(),
                Integer.toString(http.port()),
                configuration.home(),
                configuration.preferredBackend());
    }

    private static Optional<Launch.Push> push(Optional<String> address, Sealer sealer, JobId job) {
        return address.map(url -> new Launch.Push(url + PushContract.path(job), PushContract.token(sealer, job)));
    }

    /** The two rooms do not know each other; this is the line between them. */
    private static Output output(Harvester harvester) {
        return new Output() {
            @Override
            public void follow(Job job) {
                harvester.follow(job);
            }

            @Override
            public void finish(Job job) {
                harvester.finish(job);
            }

            @Override
            public void release(Job job) {
                harvester.release(job);
            }
        };
    }

    int port() {
        return http.port();
    }

    /** Stops answering and looking. What runs goes on running: the next start finds it again. */
    @Override
    public void close() {
        streams.close();
        http.stop();
        reconciler.close();
        deliverer.close();
        sender.close();
        harvester.close();
        local.close();
        simulated.close();
        vertex.close();
        kubernetes.close();
        kubeflow.close();
        probe.close();
        api.close();
        store.close();
    }
}
