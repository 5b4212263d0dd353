package io.trainyard.backend.local;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * How this machine runs attempts.
 *
 * @param home attempts lie in {@code jobs/<job>/<attempt>/} below it, checkpoints in {@code runs/}
 * @param python path of the interpreter that has the trainer's packages; asked at every plan and launch, since it may
 *     be installed while the server runs
 * @param trainer the folder that holds {@code train.py}
 * @param allowCommands whether a job's own command may run here, with this server's rights
 * @param passOn variables of the server's own environment that every attempt gets too, such as {@code HTTPS_PROXY}
 */
public record LocalSettings(
        Path home,
        Path trainer,
        Supplier<Optional<String>> python,
        Limits limits,
        boolean allowCommands,
        List<String> passOn) {
    public LocalSettings {
        home = home.toAbsolutePath().normalize();
        trainer = trainer.toAbsolutePath().normalize();
        passOn = List.copyOf(passOn);
    }

    public static LocalSettings at(Path home, Path trainer, Supplier<Optional<String>> python) {
        return new LocalSettings(home, trainer, python, Limits.DETECTED, false, List.of());
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
