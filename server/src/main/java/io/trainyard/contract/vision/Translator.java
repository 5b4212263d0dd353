package io.trainyard.contract.vision;

import io.trainyard.admission.Wanted;
import io.trainyard.job.Identity;
import io.trainyard.spec.Artifacts;
import io.trainyard.spec.Artifacts.Checkpoints;
import io.trainyard.spec.Container;
import io.trainyard.spec.Container.Variable;
import io.trainyard.spec.Container.Variable.FromCluster;
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
    private static final String INTERNAL_AUTH_TOKEN = "INTERNAL_AUTH_TOKEN";
    private static final SecretRef INTERNAL_AUTH = new SecretRef("env." + INTERNAL_AUTH_TOKEN);
    /** What our own recipe trains, spelled with {@code _} or {@code -}. */
    private static final Set<String> TEXT_TASKS =
            Set.of("text_generation", "causal_lm", "language_modeling", "instruction_tuning", "sft");

    private static final Variable ADDRESS_OF_THE_CLUSTER =
            new FromCluster("BACKEND_API_URL", FromCluster.Kind.CONFIG_MAP, "backend-config", "api-url");
    private static final List<Variable> BUCKET_OF_THE_CLUSTER = List.of(
            fromSecret("AWS_S3_ENDPOINT_URL", "endpoint"),
            fromSecret("AWS_ACCESS_KEY_ID", "access-key"),
            fromSecret("AWS_SECRET_ACCESS_KEY", "secret-key"));

    private static Variable fromSecret(String name, String key) {
        return new FromCluster(name, FromCluster.Kind.SECRET, "r2-credentials", key);
    }

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
                internalToken()
                        .<Map<SecretRef, String>>map(token -> Map.of(INTERNAL_AUTH, token))
                        .orElse(Map.of()),
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
                placement.fallback() ? process() : container(),
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

    private Container container() {
        return executor() == Executor.KUBERNETES ? image() : process();
    }

    /** A trainer image, which reads the published flags. */
    private Container image() {
        var cluster = settings.cluster();
        String image =
                "%s/trainer-%s:%s".formatted(cluster.registry(), request.text("framework"), cluster.imageVersion());
        var environment = new ArrayList<>(callbacks());
        if (environment.isEmpty()) environment.add(ADDRESS_OF_THE_CLUSTER);
        environment.addAll(BUCKET_OF_THE_CLUSTER);
        environment.addAll(token());
        return new Container(
                Optional.of(image), List.of("python", "train.py"), arguments("/workspace/output"), environment);
    }

    /** The operator's script, which reads the published flags too, or our trainer, which knows the job without them. */
    private Container process() {
        if (!settings.process().script()) return Container.NONE;
        var environment = new ArrayList<>(callbacks());
        environment.addAll(token());
        return new Container(Optional.empty(), List.of(), arguments("output"), environment);
    }

    /** Whether something reads the published flags. */
    private boolean flags() {
        return settings.process().script() || executor() == Executor.KUBERNETES;
    }

    /**
     * One word each, never a shell line: JSON stands in it as it is.
     *
     * @param output where requests that do not say it leave what they make
     */
    private List<String> arguments(String output) {
        var words = new ArrayList<String>();
        for (String field : List.of(
                "framework",
                "task_type",
                "model_name",
                "dataset_path",
                "dataset_format",
                "epochs",
                "batch_size",
                "learning_rate",
                "optimizer")) flag(words, field);
        words.add("--output_dir=" + request.some("output_dir").orElse(output));
        words.add("--job_id=" + id);
        for (String field : List.of("num_classes", "project_id", "image_size", "device", "checkpoint_path"))
            flag(words, field);
        if (request.flag("pretrained")) words.add("--pretrained");
        if (request.flag("resume")) words.add("--resume");
        JsonNode advanced = request.body().path("advanced_config");
        if (!advanced.isEmpty()) words.add("--advanced_config=" + Json.text(advanced, Json.Style.WHOLE));
        settings.address()
                .get()
                .ifPresent(address ->
                        words.add("--callback_url=" + address + VisionContract.PREFIX + "/internal/training/" + id));
        return words;
    }

    private void flag(List<String> words, String field) {
        JsonNode value = request.body().path(field);
        String text = value.isString() ? value.stringValue() : value.isNumber() ? value.toString() : "";
        if (!text.isEmpty()) words.add("--" + field + "=" + text);
    }

    private Optional<String> internalToken() {
        return flags() ? settings.internalToken() : Optional.empty();
    }

    private List<Variable> token() {
        return internalToken().isPresent()
                ? List.of(new Variable.Secret(INTERNAL_AUTH_TOKEN, INTERNAL_AUTH))
                : List.of();
    }

    private List<Variable> callbacks() {
        return settings.address()
                .get()
                .<List<Variable>>map(address ->
                        List.of(new Variable.Plain("BACKEND_API_URL", address + VisionContract.PREFIX + "/api/v1")))
                .orElse(List.of());
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
                two ? Map.of(KUBERNETES, image()) : Map.of());
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
