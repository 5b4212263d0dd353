package io.trainyard.backend.local;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.trainyard.backend.Backend;
import io.trainyard.backend.Launch;
import io.trainyard.backend.Launched;
import io.trainyard.backend.local.Folder.Started;
import io.trainyard.backend.local.LocalSettings.Script;
import io.trainyard.backend.trainer.RunFile;
import io.trainyard.backend.warm.Request;
import io.trainyard.backend.warm.WarmParents;
import io.trainyard.job.Cause;
import io.trainyard.job.Handle;
import io.trainyard.job.Observation.Ending;
import io.trainyard.spec.SecretRef;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/** Prepares an attempt's folder, starts its shim, and waits until that says which process it is. */
final class Launcher {
    /** Normally 3 ms; beyond this the attempt is looked for again by its folder. */
    private static final Duration STARTED_WITHIN = Duration.ofSeconds(5);

    private static final Duration LOOK_EVERY = Duration.ofNanos(300_000);
    /** What Java makes of E2BIG, in its two wordings. */
    static final Pattern TOO_LONG = Pattern.compile("error(=|: )7\\b");

    private final LocalSettings settings;
    private final Machine machine;
    private final Interpreters interpreters;
    private final Shim shim;
    private final WarmParents parents;

    Launcher(LocalSettings settings, Machine machine, Interpreters interpreters, WarmParents parents) {
        this.parents = parents;
        this.settings = settings;
        this.interpreters = interpreters;
        this.machine = machine;
        this.shim = new Shim(settings.home());
    }

    /**
     * What is started, found out without touching anything.
     *
     * @param warm whether a parent that has imported already may fork it
     */
    private record Prepared(
            List<String> command, Optional<String> framework, Map<String, String> environment, boolean warm) {
        @Override
        public String toString() {
            return "Prepared" + command;
        }
    }

    /** An answer in place of a start; unwinds to {@link #launch}. */
    private static final class Refusal extends Exception {
        private static final long serialVersionUID = 1;
        private final Cause why;

        Refusal(Cause why, String detail) {
            super(detail);
            this.why = why;
        }
    }

    Launched launch(Launch launch, Folder folder, String mark, Consumer<CompletableFuture<?>> startedProcess) {
        CompletableFuture<String> end;
        try {
            if (!(folder.started() instanceof Started.No))
                return new Launched.Accepted(await(folder, Optional.empty()));
            var prepared = prepare(launch, folder, mark);
            end = start(launch, folder, prepared);
        } catch (Refusal refusal) {
            return new Launched.Refused(new Ending.Failure(refusal.why, String.valueOf(refusal.getMessage())));
        } catch (IOException | UncheckedIOException e) {
            return new Launched.NotSent("cannot start a process in " + folder.path() + ": " + e.getMessage());
        }
        startedProcess.accept(end);
        // While the shim starts, so that it costs nothing.
        folder.outOfMemoryKillsBefore(machine.outOfMemoryKills());
        try {
            return new Launched.Accepted(await(folder, Optional.of(end)));
        } catch (StillBorn e) {
            return new Launched.NotSent("the supervisor ended " + end.join() + " before it started");
        }
    }

    private Prepared prepare(Launch launch, Folder folder, String mark) throws Refusal {
        var spec = launch.spec();
        var grant = launch.attempt().grant();
        var program = Program.of(spec, settings.allowCommands(), interpreters);
        int processes = program.processes(spec, grant.gpus().size(), grant.cpus());
        var place = new Variables.Place(
                folder,
                launch.attempt(),
                processes,
                program instanceof Program.Command,
                mark,
                settings.trainer(),
                launch.push());
        for (String objection : Variables.objections(spec, program instanceof Program.Command))
            throw new Refusal(Cause.BAD_CONFIGURATION, objection);
        for (SecretRef secret : Variables.secrets(spec)) {
            if (!launch.secrets().containsKey(secret))
                throw new Refusal(Cause.BAD_CONFIGURATION, "the secret " + secret.name() + " has no value");
        }
        var environment = Variables.of(
                spec,
                place,
                settings.passOn(),
                System.getenv(),
                secret -> launch.secrets().getOrDefault(secret, ""));
        for (var variable : environment.entrySet()) {
            var flaw = Variables.flaw(variable.getKey(), variable.getValue());
            if (flaw.isPresent()) throw new Refusal(Cause.BAD_CONFIGURATION, flaw.get());
        }
        boolean plain = processes == 1 && grant.gpus().isEmpty();
        return switch (program) {
            case Program.Impossible impossible -> throw new Refusal(Cause.UNSUPPORTED, impossible.objection());
            case Program.Trainer trainer -> {
                String framework = trainer.framework();
                String python = interpreters
                        .of(framework)
                        .orElseThrow(() -> new Refusal(Cause.UNSUPPORTED, Planner.noPython(framework)));
                var command = Program.arguments(python, settings.trainFile().toString(), processes);
                boolean warm = plain && settings.warm().contains(Interpreters.environment(framework));
                yield new Prepared(resolved(command, environment), Optional.of(framework), environment, warm);
            }
            case Program.Script script -> {
                String python = settings.scriptPython()
                        .orElseThrow(() -> new Refusal(Cause.UNSUPPORTED, Planner.noPython("hf")));
                var command = script.command(python, settings.scriptFile().toString());
                boolean warm = plain
                        && settings.warm().contains("hf")
                        && settings.script().equals(Script.OURS);
                yield new Prepared(resolved(command, environment), Optional.empty(), environment, warm);
            }
            case Program.Command command ->
                new Prepared(resolved(command.arguments(), environment), Optional.empty(), environment, false);
        };
    }

    private static List<String> resolved(List<String> command, Map<String, String> environment) throws Refusal {
        String program = Shim.resolve(command.getFirst(), environment.getOrDefault("PATH", ""))
                .orElseThrow(() -> new Refusal(
                        Cause.BAD_COMMAND, "there is no command " + command.getFirst() + " on this machine's PATH"));
        var resolved = new ArrayList<>(command);
        resolved.set(0, program);
        return resolved;
    }

    /** Completed once the supervisor is over, with how it ended. */
    private CompletableFuture<String> start(Launch launch, Folder folder, Prepared prepared)
            throws IOException, Refusal {
        folder.make();
        folder.makeOutputFiles();
        String framework =
                prepared.framework().orElseGet(() -> Program.word(launch.spec().framework()));
        String run = RunFile.of(
                launch,
                framework,
                RunFolder.checkpointFolder(settings.home(), launch.runId()).toString(),
                folder.output().toString());
        Folder.write(folder.runFile(), run.getBytes(UTF_8));
        if (launch.push().isPresent())
            Folder.write(folder.token(), launch.push().get().token().getBytes(UTF_8));
        String where = machine.hostId() + " " + machine.bootId();
        if (prepared.warm()) {
            var program = new Request.Program(prepared.command(), prepared.environment());
            var outputs = new Request.Outputs(folder.stdout(), folder.stderr());
            var fork = parents.fork(new Request(folder.path(), where, folder.work(), outputs, program));
            if (fork.isPresent())
                return fork.get()
                        .ended()
                        .thenApply(code -> code.isPresent() ? "with code " + code.getAsInt() : "after its parent");
        }
        try {
            return shim.start(folder, where, prepared.command(), prepared.environment())
                    .exit()
                    .thenApply(code -> "with code " + code);
        } catch (IOException e) {
            if (TOO_LONG.matcher(String.valueOf(e.getMessage())).find())
                throw new Refusal(
                        Cause.BAD_CONFIGURATION,
                        "container: the command and the environment together are longer than this machine takes");
            throw e;
        }
    }

    /** The supervisor ended without a trace. */
    private static final class StillBorn extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    private Handle await(Folder folder, Optional<CompletableFuture<String>> end) {
        long deadline = System.nanoTime() + STARTED_WITHIN.toNanos();
        while (System.nanoTime() < deadline) {
            boolean ended = end.filter(CompletableFuture::isDone).isPresent();
            switch (folder.started()) {
                case Started.By by -> {
                    return by.shim().handle();
                }
                case Started.Never _ -> {
                    return nobody();
                }
                case Started.No _ -> {
                    if (ended) throw new StillBorn();
                }
                case Started.Writing _ -> {}
            }
            LockSupport.parkNanos(LOOK_EVERY.toNanos());
        }
        throw new Backend.Unreachable("the supervisor in " + folder.path() + " does not say that it started");
    }

    /** Points at an attempt of which no process is known. */
    Handle nobody() {
        return new Supervisor(machine.hostId(), machine.bootId(), 0, 0).handle();
    }
}
