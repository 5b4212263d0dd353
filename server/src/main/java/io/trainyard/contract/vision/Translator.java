package io.trainyard.contract.vision;

import io.trainyard.admission.Wanted;
import io.trainyard.job.Identity;
import io.trainyard.spec.Artifacts;
import io.trainyard.spec.Artifacts.Checkpoints;
import io.trainyard.spec.Dataset;
import io.trainyard.spec.Hyperparameters;
import io.trainyard.spec.JobSpec;
import io.trainyard.spec.JobSpec.Framework;
import io.trainyard.spec.Method;
import io.trainyard.spec.Model;
import io.trainyard.spec.Placement;
import io.trainyard.spec.Policy;
import io.trainyard.spec.Resources;
import io.trainyard.spec.SecretRef;
import io.trainyard.spec.Settings;
import io.trainyard.wire.Json;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Turns a request of this contract into a job in our own words; pure. */
record Translator(Request request, String id, VisionSettings settings) {
    static final String CONTRACT = "vision";
    private static final String KUBERNETES = "kubernetes";
    /** What our own recipe trains, spelled with {@code _} or {@code -}. */
    private static final Set<String> TEXT_TASKS =
            Set.of("text_generation", "causal_lm", "language_modeling", "instruction_tuning", "sft");

    private static final Duration DEADLINE = Duration.ofDays(1);
    private static final int RETRIES_ON_A_CLUSTER = 3;

    static Identity identity(String id) {
        return new Identity(Identity.DEFAULT_PROJECT, CONTRACT, "", Optional.of(id), 1);
    }

    Wanted wanted(Optional<String> idempotencyKey) {
        return new Wanted(
                identity(id),
                spec(),
                Json.text(request.body(), Json.Style.WHOLE),
                warnings(),
                flags()
                        ? settings.internalToken()
                                .<Map<SecretRef, String>>map(token -> Map.of(Containers.INTERNAL_AUTH, token))
                                .orElse(Map.of())
                        : Map.of(),
                Json.bytes(request.body(), Json.Style.CANONICAL),
                idempotencyKey);
    }

    private List<String> warnings() {
        var warnings = new ArrayList<>(request.warnings());
        if (flags() && settings.internalToken().isEmpty())
            warnings.add("INTERNAL_AUTH_TOKEN is not set on this server: what the trainer calls back is refused");
        return warnings;
    }

    Executor executor() {
        return request.executor().orElse(settings.standard());
    }

    /** Why no process here can train it, which the backend cannot know: the recipe it would take is one for text. */
    Optional<String> objection() {
        if (executor() == Executor.KUBERNETES || settings.process().simulated() || hasRecipe()) return Optional.empty();
        return Optional.of(
                "task_type: %s with framework %s has no recipe on this machine; place the job on kubernetes, or set TRAIN_SCRIPT_PATH to a training script that takes the published flags"
                        .formatted(request.text("task_type"), request.text("framework")));
    }

    /** Whether those of pictures can run here, the local backend says itself. */
    private boolean hasRecipe() {
        return settings.process().script()
                || !request.text("framework").equals("transformers")
                || TEXT_TASKS.contains(
                        request.text("task_type").toLowerCase(Locale.ROOT).replace('-', '_'));
    }

    private JobSpec spec() {
        Placement placement = placement();
        return new JobSpec(
                "training-job-" + id,
                framework(),
                new Model("huggingface", request.text("model_name"), "main", Optional.empty(), Optional.empty()),
                List.of(new Dataset(request.text("dataset_path"), format(), Optional.empty(), false, Map.of())),
                new Method(
                        Method.Kind.FULL,
                        List.of(),
                        Method.Precision.FP32,
                        false,
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty()),
                hyperparameters(),
                resources(),
                new Artifacts(
                        request.some("output_dir"),
                        Optional.empty(),
                        Optional.empty(),
                        new Checkpoints(
                                request.some("checkpoint_path"),
                                Optional.empty(),
                                Checkpoints.DEFAULT.keep(),
                                request.flag("resume"))),
                executor() == Executor.KUBERNETES && !placement.fallback()
                        ? containers().image()
                        : containers().process(),
                labels(),
                Map.of(),
                List.of(),
                placement,
                policy(),
                new Settings(extra()));
    }

    private Framework framework() {
        // The operator's script trains whatever it trains; it is told by a flag.
        if (settings.process().script()) return Framework.CUSTOM;
        return switch (request.text("framework")) {
            case "ultralytics" -> Framework.ULTRALYTICS;
            case "timm" -> Framework.TIMM;
            default -> Framework.HF;
        };
    }

    private String format() {
        String path = request.text("dataset_path").toLowerCase(Locale.ROOT);
        for (String format : List.of("jsonl", "parquet", "csv")) if (path.endsWith("." + format)) return format;
        return request.text("dataset_format");
    }

    private Hyperparameters hyperparameters() {
        var standard = Hyperparameters.DEFAULT;
        return new Hyperparameters(
                request.body().path("learning_rate").doubleValue(),
                request.body().path("batch_size").intValue(),
                Optional.empty(),
                request.body().path("epochs").intValue(),
                Optional.empty(),
                standard.warmupRatio(),
                standard.maxSequenceLength(),
                standard.weightDecay(),
                Optional.empty());
    }

    private Resources resources() {
        JsonNode asked = request.body().path("resources");
        int gpus = asked.isObject()
                ? asked.path("gpu").intValue()
                : settings.machine().gpus();
        int cpus = asked.isObject()
                ? asked.path("cpu").intValue()
                : settings.machine().cpus();
        String memory = asked.isObject()
                ? asked.path("memory").stringValue()
                : settings.machine().memory();
        return new Resources(
                1, gpus, Optional.empty(), cpus, Request.gib(memory).orElse(1), Optional.empty());
    }

    private Containers containers() {
        return new Containers(request, id, settings);
    }

    /** Whether something reads the published flags. */
    private boolean flags() {
        return settings.process().script() || executor() == Executor.KUBERNETES;
    }

    private Map<String, String> labels() {
        var labels = new LinkedHashMap<String, String>();
        labels.put("app", "training-job");
        labels.put("job-id", id);
        labels.put("framework", request.text("framework"));
        labels.put("project-id", request.some("project_id").orElse("none"));
        return labels;
    }

    private Placement placement() {
        String process = settings.process().backend();
        boolean fallsBack = settings.fallback() && (settings.process().simulated() || hasRecipe());
        List<String> backends = switch (executor()) {
            case SUBPROCESS -> List.of(process);
            case KUBERNETES -> {
                if (fallsBack) yield List.of(KUBERNETES, process);
                yield List.of(settings.process().simulated() ? process : KUBERNETES);
            }
        };
        boolean two = backends.size() > 1;
        return new Placement(
                backends,
                two,
                Optional.of(settings.cluster().namespace()),
                Optional.empty(),
                Optional.empty(),
                false,
                two ? Map.of(KUBERNETES, containers().image()) : Map.of());
    }

    /** On a cluster three failures more are no end yet, as published. */
    private Policy policy() {
        return new Policy(
                Optional.of(DEADLINE),
                Policy.DEFAULT.infrastructureAttempts(),
                executor() == Executor.KUBERNETES ? RETRIES_ON_A_CLUSTER : 0,
                Optional.empty(),
                0);
    }

    /** What our recipes for pictures read of the flags, and what is advanced. */
    private Map<String, @Nullable Object> extra() {
        var values = new LinkedHashMap<String, @Nullable Object>();
        if (!request.text("framework").equals("transformers")) {
            for (String field : List.of("task_type", "num_classes", "image_size", "optimizer", "device")) {
                JsonNode value = request.body().path(field);
                if (!value.isMissingNode() && !value.isNull())
                    values.put(field, Json.MAPPER.convertValue(value, Object.class));
            }
            values.put("pretrained", request.flag("pretrained"));
        }
        for (var entry : request.body().path("advanced_config").properties())
            values.put(entry.getKey(), Json.MAPPER.convertValue(entry.getValue(), Object.class));
        return values;
    }
}
