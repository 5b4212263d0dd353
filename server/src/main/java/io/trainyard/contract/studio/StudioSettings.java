package io.trainyard.contract.studio;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * What the operator says of this contract.
 *
 * @param root what relative paths of local jobs are relative to
 * @param standard where jobs go that name no backend
 * @param simulated whether all jobs run on the simulated backend, whatever they name
 * @param lacks what each target still needs before it takes a job, as sentences for the client; nothing when absent
 * @param maxLogCharacters of one answer's log entries, in UTF-16 units
 */
public record StudioSettings(
        Path root,
        Target standard,
        boolean simulated,
        Script script,
        Map<Target, List<String>> lacks,
        int maxLogCharacters) {
    public StudioSettings {
        root = root.toAbsolutePath().normalize();
        lacks = Map.copyOf(lacks);
    }

    /** @param command interpreter and file of the local training script, as answers show them */
    public record Script(String command, FlagStyle style) {}

    /** How the words of a flag are joined. */
    public enum FlagStyle {
        /** {@code --dataset_file}, as the training script wants it. */
        UNDERSCORE,
        /** {@code --dataset-file}, as this contract was first published. */
        DASH
    }
}
