package io.trainyard.contract.trainyard;

import io.trainyard.spec.Container;
import io.trainyard.spec.Container.Variable;
import io.trainyard.spec.Dataset;
import io.trainyard.spec.JobSpec;
import io.trainyard.spec.Method;
import io.trainyard.spec.SecretRef;
import io.trainyard.spec.Webhook;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** A spec in the words of the create request, whatever contract it came by; secrets as {@code {"secret": name}}. */
final class SpecView {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private SpecView() {}

    static ObjectNode of(JobSpec spec) {
        ObjectNode view = JSON.createObjectNode().put("name", spec.name()).put("framework", word(spec.framework()));
        model(view.putObject("model"), spec);
        var datasets = view.putArray("datasets");
        for (Dataset dataset : spec.datasets()) dataset(datasets.addObject(), dataset);
        method(view.putObject("method"), spec.method());
        hyperparameters(view.putObject("hyperparameters"), spec);
        resources(view.putObject("resources"), spec);
        artifacts(view, spec);
        container(view.putObject("container"), spec.container());
        placement(view, spec);
        texts(view.putObject("labels"), spec.labels());
        texts(view.putObject("annotations"), spec.annotations());
        var webhooks = view.putArray("webhooks");
        for (Webhook webhook : spec.webhooks()) webhook(webhooks.addObject(), webhook);
        view.set("extra", JSON.valueToTree(spec.extra().values()));
        return view;
    }

    private static String word(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    private static void secret(ObjectNode view, String field, SecretRef reference) {
        view.putObject(field).put("secret", reference.name());
    }

    private static void model(ObjectNode view, JobSpec spec) {
        var model = spec.model();
        view.put("name", model.name()).put("provider", model.provider()).put("revision", model.revision());
        model.weightsUri().ifPresent(uri -> view.put("weights_uri", uri));
        model.token().ifPresent(token -> secret(view, "token", token));
    }

    private static void dataset(ObjectNode view, Dataset dataset) {
        view.put("source", dataset.source()).put("format", dataset.format()).put("streaming", dataset.streaming());
        dataset.split().ifPresent(split -> view.put("split", split));
        ObjectNode credentials = view.putObject("credentials");
        new TreeMap<>(dataset.credentials()).forEach((name, reference) -> secret(credentials, name, reference));
    }

    private static void method(ObjectNode view, Method method) {
        view.put("kind", word(method.kind()))
                .put("precision", word(method.precision()))
                .put("gradient_checkpointing", method.gradientCheckpointing());
        list(view, "trainable_layers", method.trainableLayers());
        method.lora()
                .ifPresent(lora -> list(
                        view.putObject("lora")
                                .put("rank", lora.rank())
                                .put("alpha", lora.alpha())
                                .put("dropout", lora.dropout()),
                        "target_modules",
                        lora.targetModules()));
        method.qlora()
                .ifPresent(qlora -> view.putObject("qlora")
                        .put("use_double_quant", qlora.doubleQuantisation())
                        .put("bnb_4bit_compute_dtype", qlora.computeType())
                        .put("bnb_4bit_quant_type", qlora.quantisationType()));
        method.peft()
                .ifPresent(peft -> view.putObject("peft")
                        .put("use", peft.use())
                        .set("config", JSON.valueToTree(peft.config().values())));
    }

    private static void hyperparameters(ObjectNode view, JobSpec spec) {
        var numbers = spec.hyperparameters();
        view.put("learning_rate", numbers.learningRate())
                .put("batch_size", numbers.batchSize())
                .put("epochs", numbers.epochs())
                .put("warmup_ratio", numbers.warmupRatio())
                .put("max_sequence_length", numbers.maxSequenceLength())
                .put("weight_decay", numbers.weightDecay());
        numbers.microBatchSize().ifPresent(size -> view.put("micro_batch_size", size));
        numbers.maxSteps().ifPresent(steps -> view.put("max_steps", steps));
        numbers.seed().ifPresent(seed -> view.put("seed", seed));
    }

    private static void resources(ObjectNode view, JobSpec spec) {
        var resources = spec.resources();
        view.put("nodes", resources.nodes())
                .put("gpus", resources.gpus())
                .put("cpus", resources.cpus())
                .put("memory_gib", resources.memoryGib());
        resources.gpuType().ifPresent(type -> view.put("gpu_type", type));
        resources.processes().ifPresent(count -> view.put("processes_per_node", count));
    }

    private static void artifacts(ObjectNode view, JobSpec spec) {
        ObjectNode outputs = view.putObject("outputs");
        spec.artifacts().outputUri().ifPresent(uri -> outputs.put("uri", uri));
        spec.artifacts().logUri().ifPresent(uri -> outputs.put("log_uri", uri));
        var checkpoints = spec.artifacts().checkpoints();
        ObjectNode shown =
                view.putObject("checkpoints").put("keep", checkpoints.keep()).put("resume", checkpoints.resume());
        checkpoints.uri().ifPresent(uri -> shown.put("uri", uri));
        checkpoints.everySteps().ifPresent(steps -> shown.put("every_steps", steps));
    }

    private static void container(ObjectNode view, Container container) {
        container.image().ifPresent(image -> view.put("image", image));
        list(view, "command", container.command());
        list(view, "arguments", container.arguments());
        ObjectNode environment = view.putObject("environment");
        for (Variable variable : container.environment()) {
            switch (variable) {
                case Variable.Plain plain -> environment.put(plain.name(), plain.value());
                case Variable.Secret secret -> secret(environment, secret.name(), secret.secret());
                case Variable.FromCluster there ->
                    environment
                            .putObject(there.name())
                            .put("cluster", there.kind().name().toLowerCase(Locale.ROOT))
                            .put("name", there.object())
                            .put("key", there.key());
            }
        }
    }

    private static void placement(ObjectNode view, JobSpec spec) {
        var placement = spec.placement();
        ObjectNode shown = view.putObject("placement")
                .put("fallback", placement.fallback())
                .put("spot", placement.spot());
        list(shown, "backends", placement.backends());
        placement.namespace().ifPresent(namespace -> shown.put("namespace", namespace));
        placement.runtime().ifPresent(runtime -> shown.put("runtime", runtime.word()));
        placement.queue().ifPresent(queue -> shown.put("queue", queue));
        if (!placement.containers().isEmpty()) {
            ObjectNode containers = shown.putObject("containers");
            placement.containers().forEach((backend, there) -> container(containers.putObject(backend), there));
        }
        var policy = spec.policy();
        ObjectNode limits = view.putObject("policy")
                .put("infrastructure_attempts", policy.infrastructureAttempts())
                .put("user_retries", policy.userRetries())
                .put("priority", policy.priority());
        policy.maxDuration().ifPresent(limit -> limits.put("max_duration_minutes", limit.toMinutes()));
        policy.grace().ifPresent(grace -> limits.put("grace_seconds", grace.toSeconds()));
    }

    private static void webhook(ObjectNode view, Webhook webhook) {
        view.put("url", webhook.url());
        list(view, "events", webhook.words().stream().sorted().toList());
        webhook.authorization().ifPresent(reference -> secret(view, "authorization", reference));
        webhook.signingKey().ifPresent(reference -> secret(view, "secret", reference));
    }

    private static void list(ObjectNode view, String field, List<String> values) {
        var array = view.putArray(field);
        values.forEach(array::add);
    }

    private static void texts(ObjectNode view, Map<String, String> values) {
        new TreeMap<>(values).forEach(view::put);
    }
}
