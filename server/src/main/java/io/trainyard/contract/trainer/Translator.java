package io.trainyard.contract.trainer;

import io.trainyard.admission.Wanted;
import io.trainyard.job.Identity;
import io.trainyard.secrets.Mask;
import io.trainyard.spec.Artifacts;
import io.trainyard.spec.Artifacts.Checkpoints;
import io.trainyard.spec.Container;
import io.trainyard.spec.Dataset;
import io.trainyard.spec.Hyperparameters;
import io.trainyard.spec.JobSpec;
import io.trainyard.spec.Method;
import io.trainyard.spec.Model;
import io.trainyard.spec.Placement;
import io.trainyard.spec.Policy;
import io.trainyard.spec.Resources;
import io.trainyard.spec.SecretRef;
import io.trainyard.spec.Settings;
import io.trainyard.spec.Webhook;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Turns a request of this contract into a job in our own words; pure. */
final class Translator {
    static final String CONTRACT = "trainer";
    /** Shorter secrets are not looked for in free text, where they would be found by chance. */
    private static final int MIN_TEXT_SECRET_CHARACTERS = 8;

    private static final String LABEL_PREFIX = "trainer.deepfinery/";

    private final Request request;
    private final Extras extras;
    private final ObjectNode body;
    private final JsonNode callbacks;
    private final String jobId;
    private final String name;
    private final List<String> warnings;
    /** Masks what the client's free text repeats of its secrets. */
    private final Mask mask;

    private final Json.Style shown;
    private final Map<SecretRef, String> secrets = new HashMap<>();

    private Translator(Request request) {
        this.request = request;
        extras = request.extras();
        body = request.body();
        callbacks = body.get("callbacks");
        jobId = body.get("job_id").stringValue();
        name = request.service().backendJobId(jobId);
        warnings = new ArrayList<>(request.warnings());
        mask = textMask(request.secrets());
        shown = new Json.Style(false, false, request.hidden().keySet(), mask);
        request.secrets().forEach((key, value) -> secrets.put(new SecretRef(key), value));
    }

    private static Mask textMask(Map<String, String> secrets) {
        if (secrets.isEmpty()) return Json.Style.WHOLE.mask();
        var values = new ArrayList<String>();
        secrets.forEach((name, value) -> {
            if (value.length() >= MIN_TEXT_SECRET_CHARACTERS && !name.endsWith("aws_region")) values.add(value);
        });
        return Mask.of(values);
    }

    static Wanted wanted(
            Request request, String project, Extras.RuntimeDefaults runtime, Optional<String> idempotencyKey) {
        return new Translator(request).wanted(project, runtime, idempotencyKey);
    }

    private Wanted wanted(String project, Extras.RuntimeDefaults runtime, Optional<String> idempotencyKey) {
        var environment = new Environment(request, secrets, warnings);
        String masked = Json.text(body, shown);
        var labels = new LinkedHashMap<String, String>();
        labels.put(LABEL_PREFIX + "backend", request.service().word);
        labels.put(LABEL_PREFIX + "job-id", Labels.isValue(jobId) ? jobId : name);
        labels.putAll(extras.labels);
        var annotations = new LinkedHashMap<String, String>();
        annotations.put(LABEL_PREFIX + "request-json", masked);
        annotations.put(LABEL_PREFIX + "job-id", jobId);
        extras.annotations.forEach((key, value) -> annotations.put(key, mask.apply(value)));
        var container =
                new Container(extras.image, extras.command, extras.arguments, List.copyOf(environment.variables()));
        warnOfSecretWords("trainer_command", extras.command);
        warnOfSecretWords("trainer_args", extras.arguments);
        var job = new TrainJob(
                runtime.apiVersion(),
                name,
                labels,
                annotations,
                extras.runtime,
                extras.image,
                masked(command()),
                masked(extras.arguments),
                extras,
                container.environment(),
                body.get("datasets").isEmpty()
                        ? Optional.empty()
                        : text(body.get("datasets").get(0).get("source")),
                modelUri());
        return new Wanted(
                new Identity(project, CONTRACT, request.service().word, Optional.of(jobId), 1),
                spec(labels, annotations, container),
                jobSpec(job),
                warnings,
                secrets,
                canonical(),
                idempotencyKey);
    }

    private JobSpec spec(Map<String, String> labels, Map<String, String> annotations, Container container) {
        JsonNode resources = body.get("resources");
        return new JobSpec(
                name,
                request.service().framework,
                model(),
                datasets(),
                method(),
                hyperparameters(),
                new Resources(
                        extras.nodes,
                        extras.perNode.gpus(),
                        text(resources.get("gpu_type")),
                        extras.perNode.cpus(),
                        extras.perNode.memoryGib(),
                        Optional.of(extras.processes)),
                artifacts(),
                container,
                labels,
                annotations,
                webhooks(),
                new Placement(List.of(), false, Optional.empty(), Optional.of(extras.runtime), Optional.empty(), false),
                new Policy(
                        Optional.of(Duration.ofMinutes(
                                resources.get("max_duration_minutes").intValue())),
                        Policy.DEFAULT.infrastructureAttempts(),
                        Policy.DEFAULT.userRetries(),
                        Optional.empty(),
                        Policy.DEFAULT.priority()),
                extra());
    }

    private Model model() {
        JsonNode model = body.get("base_model");
        Optional<SecretRef> token = secret(model.get("huggingface_token"));
        return new Model(
                model.get("provider").stringValue(),
                model.get("model_name").stringValue(),
                text(model.get("revision")).orElse("main"),
                modelUri(),
                token.isPresent() ? token : secret(model.get("auth_token")));
    }

    private Optional<String> modelUri() {
        return extras.modelUri.or(() -> text(body.get("base_model").get("weights_url")));
    }

    private List<Dataset> datasets() {
        var datasets = new ArrayList<Dataset>();
        for (JsonNode each : body.get("datasets")) {
            var credentials = new HashMap<String, SecretRef>();
            for (var entry : each.get("auth").properties())
                secret(entry.getValue()).ifPresent(reference -> credentials.put(entry.getKey(), reference));
            datasets.add(new Dataset(
                    each.get("source").stringValue(),
                    each.get("format").stringValue(),
                    text(each.get("split")),
                    each.get("streaming").booleanValue(),
                    credentials));
        }
        return datasets;
    }

    private Method method() {
        JsonNode asked = body.get("customization");
        JsonNode lora = asked.get("lora");
        JsonNode qlora = asked.get("qlora");
        JsonNode peft = asked.get("peft");
        return new Method(
                Method.Kind.valueOf(upper(asked.get("method"))),
                texts(asked.get("trainable_layers")),
                Method.Precision.valueOf(upper(asked.get("precision"))),
                asked.get("gradient_checkpointing").booleanValue(),
                lora.isNull()
                        ? Optional.empty()
                        : Optional.of(new Method.Lora(
                                lora.get("rank").intValue(),
                                lora.get("alpha").intValue(),
                                lora.get("dropout").doubleValue(),
                                texts(lora.get("target_modules")))),
                qlora.isNull()
                        ? Optional.empty()
                        : Optional.of(new Method.QLora(
                                qlora.get("use_double_quant").booleanValue(),
                                qlora.get("bnb_4bit_compute_dtype").stringValue(),
                                qlora.get("bnb_4bit_quant_type").stringValue())),
                peft.isNull()
                        ? Optional.empty()
                        : Optional.of(new Method.Peft(peft.get("use").booleanValue(), settings(peft.get("config")))));
    }

    private Hyperparameters hyperparameters() {
        JsonNode tuning = body.get("tuning_parameters");
        return new Hyperparameters(
                tuning.get("learning_rate").doubleValue(),
                tuning.get("batch_size").intValue(),
                whole(tuning.get("micro_batch_size")),
                tuning.get("num_epochs").intValue(),
                whole(extras.trainer.get("max_steps")),
                tuning.get("warmup_ratio").doubleValue(),
                tuning.get("max_sequence_length").intValue(),
                tuning.get("weight_decay").doubleValue(),
                whole(extras.trainer.get("seed")));
    }

    private Artifacts artifacts() {
        JsonNode artifacts = body.get("artifacts");
        return new Artifacts(
                text(artifacts.get("output_uri")),
                text(artifacts.get("log_uri")),
                text(artifacts.get("status_stream_url")),
                new Checkpoints(
                        Optional.empty(),
                        whole(extras.trainer.get("checkpoint_every_steps")),
                        Checkpoints.DEFAULT.keep(),
                        Checkpoints.DEFAULT.resume()));
    }

    private List<Webhook> webhooks() {
        if (callbacks.isNull() || callbacks.get("webhook_url").isNull()) return List.of();
        return List.of(new Webhook(
                callbacks.get("webhook_url").stringValue(),
                secret(callbacks.get("auth_header")),
                Optional.empty(),
                request.filtersEvents() ? new LinkedHashSet<>(texts(callbacks.get("event_filter"))) : Set.of()));
    }

    private Settings extra() {
        var values = new LinkedHashMap<String, @Nullable Object>();
        if (extras.unsloth != null) values.putAll(settings(extras.unsloth).values());
        values.putAll(settings(extras.trainer).values());
        return new Settings(values);
    }

    /** As answers carry it; kept as text, so that an answer needs no look at the request. */
    private String jobSpec(TrainJob job) {
        var bytes = new ByteArrayOutputStream(4096);
        try (JsonGenerator out = Json.MAPPER.createGenerator(bytes)) {
            out.writeStartObject();
            out.writeStringProperty("job_id", jobId);
            out.writeStringProperty("backend", request.service().word);
            out.writeStringProperty("backend_job_id", name);
            out.writeName("train_job");
            job.write(out);
            out.writeName("callbacks");
            Json.write(
                    out, callbacks, new Json.Style(true, false, request.hidden().keySet(), mask));
            out.writeEndObject();
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    private byte[] canonical() {
        var bytes = new ByteArrayOutputStream(2048);
        bytes.writeBytes(request.service().word.getBytes(StandardCharsets.UTF_8));
        bytes.writeBytes(Json.bytes(body, Json.Style.CANONICAL));
        return bytes.toByteArray();
    }

    private List<String> command() {
        if (!extras.command.isEmpty() || extras.executor.isEmpty()) return extras.command;
        return List.of(extras.executor);
    }

    private List<String> masked(List<String> words) {
        return words.stream().map(mask::apply).toList();
    }

    private void warnOfSecretWords(String parameter, List<String> words) {
        if (!masked(words).equals(words))
            warnings.add("extra_parameters." + parameter
                    + ": holds a secret that the machine's process list shows; put it into trainer_env");
    }

    private Optional<SecretRef> secret(JsonNode node) {
        return Optional.ofNullable(request.hidden().get(node)).map(SecretRef::new);
    }

    private static Optional<String> text(JsonNode node) {
        return node.isNull() ? Optional.empty() : Optional.of(node.stringValue());
    }

    private static Optional<Integer> whole(@Nullable JsonNode node) {
        return node == null || node.isNull() ? Optional.empty() : Optional.of(node.intValue());
    }

    private static String upper(JsonNode node) {
        return node.stringValue().toUpperCase(Locale.ROOT);
    }

    private static List<String> texts(JsonNode list) {
        if (list.isEmpty()) return List.of();
        var texts = new ArrayList<String>(list.size());
        for (JsonNode each : list) texts.add(each.stringValue());
        return texts;
    }

    @SuppressWarnings("unchecked") // an object node is a map of text to plain values
    private static Settings settings(JsonNode object) {
        if (object.isEmpty()) return Settings.NONE;
        return new Settings((Map<String, @Nullable Object>) Json.MAPPER.convertValue(object, Map.class));
    }
}
