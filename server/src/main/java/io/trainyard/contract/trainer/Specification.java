package io.trainyard.contract.trainer;

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
import io.trainyard.wire.Fields;
import io.trainyard.wire.Json;
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
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** The parts of a job in our own words, field by field. */
final class Specification {
    private final Request request;
    private final Extras extras;
    private final ObjectNode body;
    private final JsonNode callbacks;

    Specification(Request request) {
        this.request = request;
        extras = request.extras();
        body = request.body();
        callbacks = body.get("callbacks");
    }

    JobSpec spec(String name, Map<String, String> labels, Map<String, String> annotations, Container container) {
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
                new Placement(
                        List.of(),
                        false,
                        Optional.empty(),
                        Optional.of(extras.runtime),
                        Optional.empty(),
                        false,
                        Map.of()),
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
                request.modelUri(),
                token.isPresent() ? token : secret(model.get("auth_token")));
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
        // These have places of their own in the spec.
        for (Fields.Field field : Tables.TRAINER.fields()) values.remove(field.name());
        return new Settings(values);
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
