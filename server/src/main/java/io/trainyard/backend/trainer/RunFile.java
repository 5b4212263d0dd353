package io.trainyard.backend.trainer;

import io.trainyard.backend.Launch;
import io.trainyard.spec.Artifacts.Checkpoints;
import io.trainyard.spec.JobSpec;
import io.trainyard.spec.Method;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/** {@code run.json}: what the trainer reads. Its reader is {@code trainer/trainer/config.py}; secrets are never in it. */
public final class RunFile {
    private static final JsonMapper JSON = new JsonMapper();

    private RunFile() {}

    /**
     * @param framework whose recipe it runs
     * @param checkpoints where checkpoints lie when the job names no place
     * @param output likewise what it makes
     */
    public static String of(Launch launch, String framework, String checkpoints, String output) {
        JobSpec spec = launch.spec();
        return JSON.writeValueAsString(object(
                "run_id", launch.runId(),
                "attempt", launch.attempt().number(),
                "framework", framework,
                "model",
                        object(
                                "provider", spec.model().provider(),
                                "name", spec.model().name(),
                                "revision", spec.model().revision(),
                                "weights_uri", orNull(spec.model().weightsUri())),
                "datasets",
                        spec.datasets().stream()
                                .map(dataset -> object(
                                        "source", dataset.source(),
                                        "format", dataset.format(),
                                        "split", orNull(dataset.split()),
                                        "streaming", dataset.streaming()))
                                .toList(),
                "method", method(spec.method()),
                "hyperparameters", hyperparameters(spec),
                "checkpoints",
                        checkpoints(
                                spec.artifacts().checkpoints(),
                                checkpoints,
                                launch.attempt().number()),
                "outputs",
                        object(
                                "uri",
                                spec.artifacts().outputUri().orElse(output),
                                "log_uri",
                                orNull(spec.artifacts().logUri())),
                "extra", spec.extra().values()));
    }

    private static Map<String, @Nullable Object> method(Method method) {
        return object(
                "kind", word(method.kind()),
                "precision", word(method.precision()),
                "gradient_checkpointing", method.gradientCheckpointing(),
                "trainable_layers", method.trainableLayers(),
                "lora",
                        orNull(method.lora()
                                .map(lora -> object(
                                        "rank", lora.rank(),
                                        "alpha", lora.alpha(),
                                        "dropout", lora.dropout(),
                                        "target_modules", lora.targetModules()))),
                "qlora",
                        orNull(method.qlora()
                                .map(qlora -> object(
                                        "use_double_quant", qlora.doubleQuantisation(),
                                        "bnb_4bit_compute_dtype", qlora.computeType(),
                                        "bnb_4bit_quant_type", qlora.quantisationType()))),
                "peft",
                        orNull(method.peft()
                                .map(peft -> object(
                                        "use", peft.use(),
                                        "config", peft.config().values()))));
    }

    private static Map<String, @Nullable Object> hyperparameters(JobSpec spec) {
        var numbers = spec.hyperparameters();
        return object(
                "learning_rate", numbers.learningRate(),
                "batch_size", numbers.batchSize(),
                "micro_batch_size", orNull(numbers.microBatchSize()),
                "epochs", numbers.epochs(),
                "max_steps", orNull(numbers.maxSteps()),
                "warmup_ratio", numbers.warmupRatio(),
                "max_sequence_length", numbers.maxSequenceLength(),
                "weight_decay", numbers.weightDecay(),
                "seed", orNull(numbers.seed()));
    }

    private static Map<String, @Nullable Object> checkpoints(Checkpoints checkpoints, String otherwise, int attempt) {
        return object(
                "uri", checkpoints.uri().orElse(otherwise),
                "every_steps", orNull(checkpoints.everySteps()),
                "keep", checkpoints.keep(),
                // Off leaves alone what earlier jobs have left there; what an attempt of this one has saved is its own.
                "resume", checkpoints.resume() || attempt > 1);
    }

    /** In the order given, absent values as null. */
    public static Map<String, @Nullable Object> object(@Nullable Object... namesAndValues) {
        var object = new LinkedHashMap<String, @Nullable Object>();
        for (int i = 0; i < namesAndValues.length; i += 2)
            object.put(String.valueOf(namesAndValues[i]), namesAndValues[i + 1]);
        return object;
    }

    private static @Nullable Object orNull(Optional<?> value) {
        return value.isPresent() ? value.get() : null;
    }

    private static String word(Enum<?> word) {
        return word.name().toLowerCase(Locale.ROOT);
    }
}
