package io.trainyard.backend.local;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.trainyard.backend.Launch;
import io.trainyard.spec.Artifacts.Checkpoints;
import io.trainyard.spec.JobSpec;
import io.trainyard.spec.Method;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/** {@code run.json}: what the trainer reads. Its reader is {@code trainer/trainer/config.py}; secrets are never in it. */
final class RunFile {
    private static final JsonMapper JSON = new JsonMapper();
    private static final int MAX_FOLDER_NAME = 60;

    private RunFile() {}

    static byte[] of(Launch launch, String framework, Folder folder, Path home) {
        JobSpec spec = launch.spec();
        return JSON.writeValueAsBytes(object(
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
                "checkpoints", checkpoints(spec.artifacts().checkpoints(), launch.runId(), home),
                "outputs",
                        object(
                                "uri",
                                spec.artifacts()
                                        .outputUri()
                                        .orElseGet(() -> folder.output().toString()),
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

    private static Map<String, @Nullable Object> checkpoints(Checkpoints checkpoints, String runId, Path home) {
        return object(
                "uri",
                        checkpoints
                                .uri()
                                .orElseGet(() -> checkpointFolder(home, runId).toString()),
                "every_steps", orNull(checkpoints.everySteps()),
                "keep", checkpoints.keep(),
                "resume", checkpoints.resume());
    }

    /** The same for every attempt and every retry of a job. */
    static Path checkpointFolder(Path home, String runId) {
        return home.resolve("runs").resolve(folderName(runId)).resolve("checkpoints");
    }

    /** A run id may hold anything, {@code ../} included; the hash keeps apart what the cleaning makes equal. */
    static String folderName(String runId) {
        String clean = runId.replaceAll("[^A-Za-z0-9_-]", "_");
        return clean.substring(0, Math.min(clean.length(), MAX_FOLDER_NAME))
                + "-"
                + sha256(runId.getBytes(UTF_8)).substring(0, 12);
    }

    static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    /** In the order given, absent values as null. */
    static Map<String, @Nullable Object> object(@Nullable Object... namesAndValues) {
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
