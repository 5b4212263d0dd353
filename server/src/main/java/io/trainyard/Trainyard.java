package io.trainyard;

import io.javalin.Javalin;
import io.javalin.config.JavalinConfig;
import io.javalin.http.Context;
import io.javalin.http.HttpResponseException;
import io.trainyard.access.Door;
import io.trainyard.access.Tokens;
import io.trainyard.admission.Admission;
import io.trainyard.admission.Placer;
import io.trainyard.backend.Backend;
import io.trainyard.backend.Launch;
import io.trainyard.backend.local.LocalBackend;
import io.trainyard.backend.simulated.SimulatedBackend;
import io.trainyard.contract.push.PushContract;
import io.trainyard.contract.trainer.TrainerContract;
import io.trainyard.contract.trainyard.TrainyardContract;
import io.trainyard.http.Contract;
import io.trainyard.http.Refusal;
import io.trainyard.http.Unreadable;
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
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.eclipse.jetty.http.UriCompliance;

/** The server: all rooms, wired by hand. Ready when {@link #start} returns. */
final class Trainyard implements AutoCloseable {
    static final String VERSION = "0.1.0";
    private static final System.Logger LOG = System.getLogger(Trainyard.class.getName());

    private final Store store;
    private final SimulatedBackend simulated;
    private final Reconciler reconciler;
    private final Harvester harvester;
    private final Streams streams;
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
        var local = new LocalBackend(configuration.local(), wake, clock);
        simulated = new SimulatedBackend(
                configuration.home().resolve("simulated.ledger"),
                configuration.simulatedRun(),
                configuration.simulatedSlots(),
                clock,
                wake);
        List<Backend> backends = List.of(local, simulated);
        var progress = new ProgressIntake(store);
        harvester = new Harvester(store, backends, sealer, progress, clock);
        var address = new AtomicReference<>(configuration.publicUrl());
        var launches = new Launches(store.jobs(), sealer, job -> push(address.get(), sealer, job));
        reconciler = new Reconciler(
                store, backends, launches, output(harvester), new Reconciler.Timing(clock, configuration.poll()));
        hint.set(reconciler::look);
        streams = new Streams(store, clock);
        var placer = new Placer(backends, configuration.preferredBackend());
        var admission = new Admission(store.jobs(), placer, sealer, clock, new SecureRandom());
        var tokens = new Tokens(configuration.token());
        List<Contract> contracts = List.of(
                new TrainyardContract(admission, store, tokens, streams, clock),
                new TrainerContract(admission, store, tokens),
                new PushContract(store.jobs(), progress, sealer, clock));
        var hosts = new ArrayList<>(configuration.allowedHosts());
        hosts.add(configuration.host());
        http = Javalin.create(config -> {
            settings(config, configuration);
            new Door(tokens, hosts).mount(config.routes);
            new Health(placer.names(), VERSION).mount(config.routes);
            contracts.forEach(contract -> contract.mount(config.routes));
            refusals(config, contracts);
        });
        http.start();
        if (address.get().isEmpty()) address.set(Optional.of("http://127.0.0.1:" + http.port()));
        reconciler.start();
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

    private static void settings(JavalinConfig config, Configuration configuration) {
        config.startup.showJavalinBanner = false;
        config.startup.startupWatcherEnabled = false;
        config.startup.showOldJavalinVersionWarning = false;
        config.concurrency.useVirtualThreads = true;
        config.http.prefer405over404 = true;
        config.http.compressionStrategy = io.javalin.compression.CompressionStrategy.NONE;
        config.staticFiles.enableWebjars();
        config.jetty.host = configuration.host();
        config.jetty.port = configuration.port();
        // Client ids hold anything, slashes and dots included: paths are matched as they came.
        config.jetty.modifyHttpConfiguration(jetty -> {
            jetty.setUriCompliance(UriCompliance.UNSAFE);
            jetty.setSendServerVersion(false);
        });
        config.jetty.modifyServer(server -> server.setErrorHandler(new Unreadable()));
        config.jetty.modifyServletContextHandler(
                handler -> handler.getServletHandler().setDecodeAmbiguousURIs(true));
    }

    private static void refusals(JavalinConfig config, List<Contract> contracts) {
        config.routes.exception(
                Refusal.class,
                (refusal, context) -> shape(contracts, context).refuse(context, refusal.status(), refusal.message()));
        config.routes.exception(HttpResponseException.class, (refusal, context) -> {
            String methods = refusal.getDetails().get("availableMethods");
            if (methods != null) context.header("Allow", methods);
            shape(contracts, context).refuse(context, refusal.getStatus(), String.valueOf(refusal.getMessage()));
        });
        config.routes.exception(Exception.class, (trouble, context) -> {
            LOG.log(System.Logger.Level.ERROR, context.method() + " " + context.path() + " failed", trouble);
            shape(contracts, context).refuse(context, 500, "Internal Server Error");
        });
    }

    private static Contract shape(List<Contract> contracts, Context context) {
        Contract best = contracts.getFirst();
        int length = -1;
        for (Contract contract : contracts)
            for (String prefix : contract.prefixes())
                if (context.path().startsWith(prefix) && prefix.length() > length) {
                    best = contract;
                    length = prefix.length();
                }
        return best;
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
        harvester.close();
        simulated.close();
        store.close();
    }
}
