package io.trainyard.backend.local;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * How this machine runs attempts.
 *
 * @param home attempts lie in {@code jobs/<job>/<attempt>/} below it, checkpoints in {@code runs/}
 * @param python path of the interpreter that has the trainer's packages; asked at every plan and launch, since it may
 *     be installed while the server runs
 * @param trainer the folder that holds {@code train.py}
 * @param allowCommands whether a job's own command may run here, with this server's rights
 * @param script what runs the jobs that bring arguments and no command
 * @param passOn variables of the server's own environment that every attempt gets too, such as {@code HTTPS_PROXY}
 * @param warm the Python environments whose jobs are forked from a parent that has imported already
 */
public record LocalSettings(
        Path home,
        Path trainer,
        Supplier<Optional<String>> python,
        Limits limits,
        boolean allowCommands,
        Script script,
        List<String> passOn,
        Set<String> warm) {
    /** What {@link #warm} may name: the environments that {@code trainer/environment} makes. */
    public static final List<String> ENVIRONMENTS = Interpreters.ENVIRONMENTS;

    public LocalSettings {
        home = home.toAbsolutePath().normalize();
        trainer = trainer.toAbsolutePath().normalize();
        passOn = List.copyOf(passOn);
        warm = Set.copyOf(warm);
    }

    public static LocalSettings at(Path home, Path trainer, Supplier<Optional<String>> python) {
        return new LocalSettings(home, trainer, python, Limits.DETECTED, false, Script.OURS, List.of(), Set.of());
    }

    /**
     * The operator's own training script; our trainer where none is named.
     *
     * @param python the interpreter of the script
     */
    public record Script(Optional<Path> file, Optional<String> python) {
        public static final Script OURS = new Script(Optional.empty(), Optional.empty());
        private static final String PYTHON = "python3";

        public Script {
            file = file.map(path -> path.toAbsolutePath().normalize());
        }
    }

    /** The interpreter of {@link #scriptFile}; absent where our trainer's packages are not set up. */
    Optional<String> scriptPython() {
        return script.python().or(() -> script.file().isPresent() ? Optional.of(Script.PYTHON) : python.get());
    }

    Path scriptFile() {
        return script.file().orElseGet(this::trainFile);
    }

    Path trainFile() {
        return trainer.resolve("train.py");
    }

    /**
     * What the machine has to give; what is absent is detected.
     *
     * @param gpus indices as {@code nvidia-smi} counts them
     * @param slots attempts at the same time
     */
    public record Limits(
            Optional<Integer> cpus,
            Optional<Long> memoryBytes,
            Optional<List<Integer>> gpus,
            int slots,
            Oversize oversize) {
        public static final Limits DETECTED =
                new Limits(Optional.empty(), Optional.empty(), Optional.empty(), Integer.MAX_VALUE, Oversize.CLAMP);

        public Limits {
            gpus = gpus.map(List::copyOf);
        }
    }

    /** What becomes of a job that asks for more than the machine has. */
    public enum Oversize {
        /** It runs with what there is, and is told so. */
        CLAMP,
        REFUSE
    }
}
