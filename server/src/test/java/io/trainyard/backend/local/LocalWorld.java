package io.trainyard.backend.local;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.fail;

import io.trainyard.backend.Launch;
import io.trainyard.backend.Launched;
import io.trainyard.backend.local.LocalSettings.Limits;
import io.trainyard.backend.local.LocalSettings.Oversize;
import io.trainyard.job.Attempt;
import io.trainyard.job.Grant;
import io.trainyard.job.Handle;
import io.trainyard.job.JobId;
import io.trainyard.job.Observation;
import io.trainyard.job.Observation.Ended;
import io.trainyard.job.Observation.Ending;
import io.trainyard.spec.Artifacts;
import io.trainyard.spec.Container;
import io.trainyard.spec.Hyperparameters;
import io.trainyard.spec.JobSpec;
import io.trainyard.spec.JobSpec.Framework;
import io.trainyard.spec.Method;
import io.trainyard.spec.Model;
import io.trainyard.spec.Placement;
import io.trainyard.spec.Policy;
import io.trainyard.spec.Resources;
import io.trainyard.spec.SecretRef;
import io.trainyard.spec.Settings;
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
import java.util.Random;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** A home folder, real processes in it, and patience with a limit. */
final class LocalWorld {
    static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final Random RANDOM = new Random();

    final Path home;
    final BlockingQueue<JobId> woken = new LinkedBlockingQueue<>();
    LocalBackend backend;

    LocalWorld(Path folder) {
        home = folder.resolve("home");
        backend = backend(settings(true, Optional.of("/bin/true")));
    }

    LocalSettings settings(boolean allowCommands, Optional<String> python) {
        var limits = new Limits(
                Optional.of(4), Optional.of(8L << 30), Optional.of(List.of(0, 1)), Integer.MAX_VALUE, Oversize.CLAMP);
        return new LocalSettings(
                home,
                home.resolveSibling("trainer"),
                () -> python,
                limits,
                allowCommands,
                LocalSettings.Script.OURS,
                List.of(),
                Set.of());
    }

    LocalBackend backend(LocalSettings settings) {
        return new LocalBackend(settings, woken::add, InstantSource.system());
    }

    /** The server is started anew: nothing of the backend object is left. */
    void restart() {
        backend = backend(settings(true, Optional.of("/bin/true")));
    }

    static Attempt attempt() {
        return new Attempt(
                JobId.create(Instant.now(), RANDOM), 1, LocalBackend.NAME, new Grant(List.of(), 1, 1L << 30));
    }

    static Container command(String... arguments) {
        return new Container(Optional.empty(), List.of(arguments), List.of(), List.of());
    }

    static Container shell(String script) {
        return command("/bin/sh", "-c", script);
    }

    static JobSpec spec(Container container) {
        return spec(Framework.CUSTOM, container, new Resources(1, 0, Optional.empty(), 1, 1, Optional.empty()));
    }

    static JobSpec spec(Framework framework, Container container, Resources resources) {
        return new JobSpec(
                "test",
                framework,
                new Model("huggingface", "tiny", "main", Optional.empty(), Optional.empty()),
                List.of(),
                new Method(
                        Method.Kind.LORA,
                        List.of(),
                        Method.Precision.BF16,
                        true,
                        Optional.of(Method.Lora.DEFAULT),
                        Optional.empty(),
                        Optional.empty()),
                Hyperparameters.DEFAULT,
                resources,
                new Artifacts(Optional.empty(), Optional.empty(), Optional.empty(), Artifacts.Checkpoints.DEFAULT),
                container,
                Map.of(),
                Map.of(),
                List.of(),
                Placement.ANYWHERE,
                Policy.DEFAULT,
                Settings.NONE);
    }

    static Launch launch(Attempt attempt, Container container) {
        return launch(attempt, spec(container), Map.of());
    }

    static Launch launch(Attempt attempt, JobSpec spec, Map<SecretRef, String> secrets) {
        return new Launch(attempt, spec, "run-1", secrets, Optional.empty());
    }

    Attempt started(Container container) {
        var attempt = attempt();
        accepted(backend.launch(launch(attempt, container)));
        return attempt;
    }

    static Handle accepted(Launched launched) {
        return assertInstanceOf(Launched.Accepted.class, launched).handle();
    }

    Folder folder(Attempt attempt) {
        return Folder.of(home, attempt);
    }

    /** Waits for the last strokes of what has been started: a folder cannot be deleted while they write into it. */
    void rest() {
        var processes = new ProcessTable(Path.of("/proc"));
        for (Folder folder : Folder.all(home))
            if (folder.started() instanceof Folder.Started.By by)
                until(() -> !processes.alive(by.shim()), () -> folder.path() + " is still at work");
    }

    Ended ended(Attempt attempt) {
        until(
                () -> backend.observe(attempt, Optional.empty()) instanceof Ended,
                () -> "still " + backend.observe(attempt, Optional.empty()));
        return assertInstanceOf(Ended.class, backend.observe(attempt, Optional.empty()));
    }

    Ending.Failure failed(Attempt attempt) {
        return assertInstanceOf(Ending.Failure.class, ended(attempt).ending());
    }

    Observation seen(Attempt attempt) {
        return backend.observe(attempt, Optional.empty());
    }

    static String text(Path file) {
        try {
            return Files.exists(file) ? Files.readString(file) : "";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    String output(Attempt attempt) {
        return text(folder(attempt).stdout());
    }

    /** Waits until the attempt has written this many lines, and gives them. */
    List<String> lines(Attempt attempt, int count) {
        until(
                () -> output(attempt).lines().count() >= count,
                () -> "output " + output(attempt) + " errors "
                        + text(folder(attempt).stderr()));
        return output(attempt).lines().toList();
    }

    static boolean alive(long pid) {
        return new ProcessTable(Path.of("/proc")).find(pid).isPresent();
    }

    static void until(BooleanSupplier condition, Supplier<String> otherwise) {
        var deadline = Instant.now().plus(PATIENCE);
        while (!condition.getAsBoolean()) {
            if (Instant.now().isAfter(deadline)) fail(otherwise.get());
            try {
                Thread.sleep(2);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
