package io.trainyard.backend.pods;

import io.trainyard.backend.Launch;
import io.trainyard.backend.trainer.RunFile;
import io.trainyard.spec.JobSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Jobs that name nothing to start: the image's own entry point does, and reads what to do from one variable. */
public final class OurTrainer {
    public static final String CONFIG = "TRAINER_CONFIG";
    private static final String CHECKPOINTS = "/workspace/checkpoints";
    private static final String OUTPUT = "/workspace/output";

    private OurTrainer() {}

    /** The recipe of a job that our trainer runs. */
    public static Optional<String> framework(JobSpec spec) {
        var container = spec.container();
        if (!container.command().isEmpty() || !container.arguments().isEmpty()) return Optional.empty();
        return switch (spec.framework()) {
            case HF, UNSLOTH, NEMO, META, ULTRALYTICS, TIMM ->
                Optional.of(spec.framework().name().toLowerCase(Locale.ROOT));
            case CUSTOM -> Optional.empty();
        };
    }

    public static String config(Launch launch, String framework) {
        // Beside what it makes they outlive the pod.
        String checkpoints = launch.spec()
                .artifacts()
                .outputUri()
                .map(output -> output.replaceFirst("/+$", "") + "/checkpoints")
                .orElse(CHECKPOINTS);
        return RunFile.of(launch, framework, checkpoints, OUTPUT);
    }

    public static List<String> warnings(JobSpec spec) {
        var warnings = new ArrayList<String>();
        if (framework(spec).isEmpty()) return warnings;
        if (spec.artifacts().checkpoints().uri().isEmpty()
                && spec.artifacts().outputUri().isEmpty())
            warnings.add(
                    "checkpoints.uri: none is given, so checkpoints go with the pod and a further attempt starts from the beginning; name a bucket");
        if (spec.artifacts().outputUri().isEmpty())
            warnings.add("outputs.uri: none is given, so what the job makes goes with its pod; name a bucket");
        return warnings;
    }
}
