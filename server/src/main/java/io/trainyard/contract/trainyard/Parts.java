package io.trainyard.contract.trainyard;

import io.trainyard.spec.Artifacts;
import io.trainyard.spec.Container;
import io.trainyard.spec.Hyperparameters;
import io.trainyard.spec.Method;
import io.trainyard.spec.Placement;
import io.trainyard.spec.Placement.TrainingRuntime;
import io.trainyard.spec.Policy;
import io.trainyard.spec.Resources;
import io.trainyard.spec.Settings;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** The parts of a create request that can hold no secret. */
final class Parts {
    private static final int MANY = 1000;
    private static final int MAX_MINUTES = 60 * 24 * 365;

    private Parts() {}

    static Method method(Fields fields) {
        Method.Kind kind = fields.word("kind", Method.Kind.class, Method.Kind.LORA);
        boolean wantsLora = kind == Method.Kind.LORA || fields.has("lora");
        boolean wantsQlora = kind == Method.Kind.QLORA || fields.has("qlora");
        boolean wantsPeft = fields.has("peft");
        var method = new Method(
                kind,
                fields.texts("trainable_layers", MANY),
                fields.word("precision", Method.Precision.class, Method.Precision.BF16),
                fields.flag("gradient_checkpointing", true),
                wantsLora ? Optional.of(lora(fields.object("lora"))) : Optional.empty(),
                wantsQlora ? Optional.of(qlora(fields.object("qlora"))) : Optional.empty(),
                wantsPeft ? Optional.of(peft(fields.object("peft"))) : Optional.empty());
        fields.noMore();
        return method;
    }

    private static Method.Lora lora(Fields fields) {
        var lora = new Method.Lora(
                fields.integer("rank", 1, 1 << 16).orElse(Method.Lora.DEFAULT.rank()),
                fields.integer("alpha", 1, 1 << 20).orElse(Method.Lora.DEFAULT.alpha()),
                fields.number("dropout", Method.Lora.DEFAULT.dropout(), false, 1),
                fields.texts("target_modules", MANY));
        fields.noMore();
        return lora;
    }

    private enum ComputeType {
        FLOAT16,
        BFLOAT16
    }

    private enum QuantisationType {
        NF4,
        FP4
    }

    private static Method.QLora qlora(Fields fields) {
        ComputeType compute = fields.word("bnb_4bit_compute_dtype", ComputeType.class, ComputeType.BFLOAT16);
        QuantisationType type = fields.word("bnb_4bit_quant_type", QuantisationType.class, QuantisationType.NF4);
        var qlora = new Method.QLora(
                fields.flag("use_double_quant", true),
                compute.name().toLowerCase(Locale.ROOT),
                type.name().toLowerCase(Locale.ROOT));
        fields.noMore();
        return qlora;
    }

    private static Method.Peft peft(Fields fields) {
        var peft = new Method.Peft(fields.flag("use", false), new Settings(fields.settings("config", MANY)));
        fields.noMore();
        return peft;
    }

    static Hyperparameters hyperparameters(Fields fields) {
        var defaults = Hyperparameters.DEFAULT;
        var result = new Hyperparameters(
                fields.number("learning_rate", defaults.learningRate(), true, 1_000_000),
                fields.integer("batch_size", 1, 1 << 24).orElse(defaults.batchSize()),
                fields.integer("micro_batch_size", 1, 1 << 24),
                fields.integer("epochs", 1, 1 << 24).orElse(defaults.epochs()),
                fields.integer("max_steps", 1, Integer.MAX_VALUE),
                fields.number("warmup_ratio", defaults.warmupRatio(), false, 1),
                fields.integer("max_sequence_length", 1, 1 << 28).orElse(defaults.maxSequenceLength()),
                fields.number("weight_decay", defaults.weightDecay(), false, 1_000_000),
                fields.integer("seed", 0, Integer.MAX_VALUE));
        fields.noMore();
        return result;
    }

    static Resources resources(Fields fields) {
        var resources = new Resources(
                fields.integer("nodes", 1, 100_000).orElse(1),
                fields.integer("gpus", 0, 1024).orElse(0),
                fields.text("gpu_type"),
                fields.integer("cpus", 1, 100_000).orElse(1),
                fields.integer("memory_gib", 1, 1 << 24).orElse(4),
                fields.integer("processes_per_node", 1, 1024));
        fields.noMore();
        return resources;
    }

    static Artifacts artifacts(Fields outputs, Fields checkpoints) {
        var artifacts = new Artifacts(
                outputs.text("uri"),
                outputs.text("log_uri"),
                Optional.empty(),
                new Artifacts.Checkpoints(
                        checkpoints.text("uri"),
                        checkpoints.integer("every_steps", 1, Integer.MAX_VALUE),
                        checkpoints.integer("keep", 2, 100_000).orElse(2),
                        checkpoints.flag("resume", true)));
        outputs.noMore();
        checkpoints.noMore();
        return artifacts;
    }

    static Placement placement(Fields fields, List<String> backends, Map<String, Container> containers) {
        var placement = new Placement(
                backends,
                fields.flag("fallback", false),
                fields.text("namespace"),
                fields.text("runtime").map(TrainingRuntime::named),
                fields.text("queue"),
                fields.flag("spot", false),
                containers);
        fields.noMore();
        return placement;
    }

    static Policy policy(Fields fields) {
        var policy = new Policy(
                fields.integer("max_duration_minutes", 1, MAX_MINUTES).map(Duration::ofMinutes),
                fields.integer("infrastructure_attempts", 1, 100).orElse(Policy.DEFAULT.infrastructureAttempts()),
                fields.integer("user_retries", 0, 100).orElse(Policy.DEFAULT.userRetries()),
                fields.integer("grace_seconds", 0, 3600).map(Duration::ofSeconds),
                fields.integer("priority", -1_000_000, 1_000_000).orElse(Policy.DEFAULT.priority()));
        fields.noMore();
        return policy;
    }
}
