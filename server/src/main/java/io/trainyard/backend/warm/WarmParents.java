package io.trainyard.backend.warm;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.LongFunction;
import java.util.function.Supplier;

/** The parents of this machine, by interpreter: started, replaced when what they imported has changed, ended. */
public final class WarmParents implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(WarmParents.class.getName());
    private static final Duration READY_WITHIN = Duration.ofMinutes(3);
    /** One that dies shall not be started over and over. */
    private static final Duration NOT_AGAIN_WITHIN = Duration.ofSeconds(20);

    private static final String SCRIPT = "warm.py";

    private final Path folder;
    private final Path trainer;
    private final Map<String, String> environment;
    private final Function<String, List<String>> frameworks;
    private final Leftovers leftovers;
    private final Map<String, Parent> parents = new ConcurrentHashMap<>();
    private final Map<String, Long> begun = new ConcurrentHashMap<>();
    private volatile boolean closed;

    /**
     * @param folder where it is written down which processes are parents, so that none is left behind
     * @param trainer the folder of {@code warm.py}
     * @param environment what jobs have as they import
     * @param frameworks those whose jobs run by an interpreter
     * @param identity begins with the number of a process, and is never another's, though numbers are given again
     */
    public WarmParents(
            Path folder,
            Path trainer,
            Map<String, String> environment,
            Function<String, List<String>> frameworks,
            LongFunction<Optional<String>> identity) {
        this.leftovers = new Leftovers(folder, identity);
        this.folder = folder;
        this.trainer = trainer;
        this.environment = Map.copyOf(environment);
        this.frameworks = frameworks;
    }

    /** Ends what an earlier server has left, and starts one parent after the other. Returns at once. */
    public void keep(Supplier<List<String>> pythons) {
        leftovers.end();
        Thread.ofVirtual().name("warm parents").start(() -> pythons.get().forEach(this::begin));
    }

    /** Whether jobs by this interpreter are forked now. */
    public boolean ready(String python) {
        var parent = parents.get(python);
        return parent != null && parent.canFork() && parent.imported.equals(new Imports(trainer, python).seen());
    }

    /** Empty where the attempt has to be started the other way; the log says why. */
    public Optional<Fork> fork(Request request) {
        String python = request.python();
        var parent = parents.get(python);
        try {
            if (parent == null) throw new Parent.NotForked("there is none yet");
            if (parent.alive() && !parent.ready().isDone()) throw new Parent.NotForked("it is still importing");
            if (!parent.canFork()) throw new Parent.NotForked("it is gone");
            if (!parent.imported.equals(new Imports(trainer, python).seen()))
                throw new Parent.NotForked("the trainer or its packages have changed, and it is replaced");
            return Optional.of(parent.fork(request));
        } catch (Parent.NotForked e) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "no warm start in {0} from the parent for {1}: {2}; started cold",
                    request.folder(),
                    python,
                    e.getMessage());
            Thread.ofVirtual().name("warm parent").start(() -> begin(python));
            return Optional.empty();
        }
    }

    /** Unless there is a good one, or one was begun just now. Waits until it is ready. */
    private void begin(String python) {
        var parent = start(python);
        if (parent.isEmpty()) return;
        try {
            var ready = parent.get().ready().get(READY_WITHIN.toMillis(), TimeUnit.MILLISECONDS);
            LOG.log(
                    System.Logger.Level.INFO,
                    "jobs of {0} start warm: their parent is process {1}, imported within {2} s, {3} MB resident",
                    String.join(", ", frameworks.apply(python)),
                    Long.toString(parent.get().pid()),
                    ready.seconds(),
                    ready.residentBytes() >> 20);
        } catch (ExecutionException | TimeoutException e) {
            parent.get().end();
            if (!closed)
                LOG.log(
                        System.Logger.Level.WARNING,
                        "jobs by {0} start cold: their parent does not import ({1}); see {2}",
                        python,
                        e.getMessage(),
                        log(python));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized Optional<Parent> start(String python) {
        var present = parents.get(python);
        var imports = new Imports(trainer, python).seen();
        if (closed) return Optional.empty();
        if (present != null && present.alive() && present.imported.equals(imports)) return Optional.empty();
        long now = System.nanoTime();
        var last = begun.get(python);
        boolean died = present == null || !present.alive();
        if (died && last != null && now - last < NOT_AGAIN_WITHIN.toNanos()) return Optional.empty();
        begun.put(python, now);
        if (present != null) present.leave();
        try {
            var parent = new Parent(spawned(python), imports);
            parents.put(python, parent);
            leftovers.note(name(python), parent.pid());
            return Optional.of(parent);
        } catch (IOException | UncheckedIOException e) {
            LOG.log(System.Logger.Level.WARNING, "no warm parent for {0}: {1}", python, e.getMessage());
            return Optional.empty();
        }
    }

    /** In a session of its own, so that no signal to the server's group reaches it. */
    private Process spawned(String python) throws IOException {
        Files.createDirectories(folder);
        var command = new ArrayList<>(
                List.of("setsid", python, trainer.resolve(SCRIPT).toString()));
        command.addAll(frameworks.apply(python));
        var builder = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectError(log(python).toFile());
        builder.environment().clear();
        builder.environment().putAll(environment);
        return builder.start();
    }

    private Path log(String python) {
        return folder.resolve(name(python) + ".log");
    }

    private static String name(String python) {
        return "parent-" + HexFormat.of().toHexDigits(python.hashCode());
    }

    @Override
    public synchronized void close() {
        closed = true;
        parents.values().forEach(Parent::leave);
    }
}
