package io.trainyard.backend.local;

import io.trainyard.spec.JobSpec;
import io.trainyard.spec.JobSpec.Framework;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/** What is started for a job. */
sealed interface Program {
    /** @param framework as {@code run.json} says it */
    record Trainer(String framework) implements Program {}

    /** The job's own command, with this server's rights. */
    record Command(List<String> arguments) implements Program {}

    /** The operator's training script, or our trainer, with these arguments. */
    record Script(List<String> arguments) implements Program {
        List<String> command(String python, String file) {
            return Stream.concat(Stream.of(python, file), arguments.stream()).toList();
        }
    }

    record Impossible(String objection) implements Program {}

    static Program of(JobSpec spec, boolean allowCommands, Interpreters interpreters) {
        var container = spec.container();
        if (allowCommands && !container.command().isEmpty()) {
            var arguments = new ArrayList<>(container.command());
            arguments.addAll(container.arguments());
            return new Command(List.copyOf(arguments));
        }
        return switch (spec.framework()) {
            case HF, UNSLOTH, META -> new Trainer(word(spec.framework()));
            case NEMO ->
                nemoArchive(spec)
                        .<Program>map(name -> new Impossible(
                                "model: %s is a NeMo archive, which the local backend cannot read; give the model in Hugging Face format, or place the job on a cluster"
                                        .formatted(name)))
                        .orElseGet(() -> new Trainer(interpreters.of("nemo").isPresent() ? "nemo" : "hf"));
            case ULTRALYTICS, TIMM -> new Trainer(word(spec.framework()));
            case CUSTOM -> {
                if (container.command().isEmpty() && !container.arguments().isEmpty())
                    yield new Script(container.arguments());
                yield new Impossible(
                        allowCommands
                                ? "container.command: empty, and framework custom runs nothing else; give a command"
                                : "framework: custom runs the job's own command, which the local backend does not do; set trainyard.local.allow-commands, or place the job on a cluster");
            }
        };
    }

    /** How it differs from what was asked. */
    static List<String> warnings(JobSpec spec, Program program, boolean hasGpu) {
        var warnings = new ArrayList<String>();
        var container = spec.container();
        container
                .image()
                .ifPresent(image -> warnings.add(
                        "image: %s is ignored: the local backend runs processes, not containers".formatted(image)));
        switch (program) {
            case Trainer trainer -> {
                if (!container.command().isEmpty())
                    warnings.add(
                            "command ignored: the local backend runs the trainer; set trainyard.local.allow-commands to run it");
                else if (!container.arguments().isEmpty())
                    warnings.add("arguments ignored: the local backend runs the trainer, which takes none");
                switch (spec.framework()) {
                    case UNSLOTH -> {
                        if (!hasGpu) warnings.add("framework: unsloth needs a GPU: running with the hf recipe");
                    }
                    case NEMO -> {
                        if (trainer.framework().equals("hf"))
                            warnings.add(
                                    "framework: nemo runs with the hf recipe, since its packages are not on this machine; trainer/environment nemo makes them");
                    }
                    case HF, META, ULTRALYTICS, TIMM, CUSTOM -> {}
                }
            }
            case Command _, Script _, Impossible _ -> {}
        }
        return warnings;
    }

    /** How many processes start at once; a command of the job's own starts further ones by itself. */
    default int processes(JobSpec spec, int gpus, int cpus) {
        return switch (this) {
            case Trainer _ -> Fit.processes(spec.resources(), gpus, cpus);
            case Command _, Script _, Impossible _ -> 1;
        };
    }

    /** Process arguments, never a shell line. */
    static List<String> arguments(String python, String trainFile, int processes) {
        return processes == 1
                ? List.of(python, trainFile)
                : List.of(
                        python,
                        "-m",
                        "torch.distributed.run",
                        "--standalone",
                        "--nproc-per-node=" + processes,
                        trainFile);
    }

    private static Optional<String> nemoArchive(JobSpec spec) {
        return Stream.concat(Stream.of(spec.model().name()), spec.model().weightsUri().stream())
                .filter(name -> name.endsWith(".nemo"))
                .findFirst();
    }

    static String word(Framework framework) {
        return framework.name().toLowerCase(Locale.ROOT);
    }
}
