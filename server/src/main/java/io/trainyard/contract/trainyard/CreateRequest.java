package io.trainyard.contract.trainyard;

import io.trainyard.http.Problem.FieldError;
import io.trainyard.spec.Artifacts;
import io.trainyard.spec.Container;
import io.trainyard.spec.Container.Variable;
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
import io.trainyard.spec.Webhook;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The body of {@code POST /api/v1/jobs} as a spec, with its secrets aside, or with all that is wrong with it. */
record CreateRequest(JobSpec spec, Map<SecretRef, String> secrets, List<FieldError> errors) {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final int MANY = 1000;
    private static final int MAX_MINUTES = 60 * 24 * 365;
    private static final Pattern VARIABLE = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");

    static CreateRequest read(JsonNode body) {
        var reader = new Reader();
        JobSpec spec = reader.spec(body);
        return new CreateRequest(spec, reader.secrets, reader.errors);
    }

    private static final class Reader {
        private final List<FieldError> errors = new ArrayList<>();
        private final Map<SecretRef, String> secrets = new HashMap<>();

        JobSpec spec(JsonNode body) {
            var fields = Fields.of(body, errors);
            Framework framework = fields.word("framework", Framework.class, Framework.HF);
            var spec = new JobSpec(
                    fields.required("name"),
                    framework,
                    model(fields, framework),
                    datasets(fields.objects("datasets", MANY)),
                    method(fields.object("method")),
                    hyperparameters(fields.object("hyperparameters")),
                    resources(fields.object("resources")),
                    artifacts(fields.object("outputs"), fields.object("checkpoints")),
                    container(fields, framework),
                    fields.textEntries("labels", MANY),
                    fields.textEntries("annotations", MANY),
                    webhooks(fields.objects("webhooks", 16)),
                    placement(fields.object("placement")),
                    policy(fields.object("policy")),
                    settings(fields, "extra"));
            fields.noMore();
            return spec;
        }

        private Optional<SecretRef> secret(Fields fields, String field, String name) {
            return fields.secret(field).map(value -> keep(name, value));
        }

        private SecretRef keep(String name, String value) {
            var reference = new SecretRef(name);
            secrets.put(reference, value);
            return reference;
        }

        private Model model(Fields body, Framework framework) {
            if (!body.has("model")) {
                if (framework != Framework.CUSTOM) body.wrong("model", "is required");
                return new Model("none", "none", "main", Optional.empty(), Optional.empty());
            }
            var fields = body.object("model");
            var model = new Model(
                    fields.text("provider", "huggingface"),
                    fields.required("name"),
                    fields.text("revision", "main"),
                    fields.text("weights_uri"),
                    secret(fields, "token", "model.token"));
            fields.noMore();
            return model;
        }

        private List<Dataset> datasets(List<Fields> list) {
            var datasets = new ArrayList<Dataset>();
            for (Fields fields : list) {
                var credentials = new HashMap<String, SecretRef>();
                String prefix = "datasets." + datasets.size() + ".";
                fields.textEntries("credentials", 16)
                        .forEach((name, value) -> credentials.put(name, keep(prefix + name, value)));
                datasets.add(new Dataset(
                        fields.required("source"),
                        fields.text("format", "jsonl"),
                        fields.text("split"),
                        fields.flag("streaming", false),
                        credentials));
                fields.noMore();
            }
            return datasets;
        }

        private Method method(Fields fields) {
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
            var peft = new Method.Peft(fields.flag("use", false), settings(fields, "config"));
            fields.noMore();
            return peft;
        }

        private static Hyperparameters hyperparameters(Fields fields) {
            var defaults = Hyperparameters.DEFAULT;
            var result = new Hyperparameters(
                    fields.number("learning_rate", defaults.learningRate(), true, 1e6),
                    fields.integer("batch_size", 1, 1 << 24).orElse(defaults.batchSize()),
                    fields.integer("micro_batch_size", 1, 1 << 24),
                    fields.integer("epochs", 1, 1 << 24).orElse(defaults.epochs()),
                    fields.integer("max_steps", 1, Integer.MAX_VALUE),
                    fields.number("warmup_ratio", defaults.warmupRatio(), false, 1),
                    fields.integer("max_sequence_length", 1, 1 << 28).orElse(defaults.maxSequenceLength()),
                    fields.number("weight_decay", defaults.weightDecay(), false, 1e6),
                    fields.integer("seed", 0, Integer.MAX_VALUE));
            fields.noMore();
            return result;
        }

        private static Resources resources(Fields fields) {
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

        private static Artifacts artifacts(Fields outputs, Fields checkpoints) {
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

        private Container container(Fields body, Framework framework) {
            var fields = body.object("container");
            var command = fields.texts("command", MANY);
            if (framework == Framework.CUSTOM && command.isEmpty())
                fields.wrong("command", "is required for framework custom: the argument vector to start");
            var environment = new ArrayList<Variable>();
            fields.entries("environment", MANY).forEach((name, value) -> {
                Optional<Variable> variable = variable(name, value);
                if (variable.isPresent()) environment.add(variable.get());
                else {
                    String shown = value.isObject() ? "********" : value.toString();
                    errors.add(new FieldError(
                            "container.environment." + name,
                            shown,
                            "a name of letters, digits and _ with a text or {\"secret\": text} is wanted"));
                }
            });
            var container = new Container(fields.text("image"), command, fields.texts("arguments", MANY), environment);
            fields.noMore();
            return container;
        }

        private Optional<Variable> variable(String name, JsonNode value) {
            if (!VARIABLE.matcher(name).matches()) return Optional.empty();
            JsonNode secret = value.isObject() && value.size() == 1 ? value.path("secret") : value;
            if (!secret.isString() || secret.asString().indexOf('\0') >= 0) return Optional.empty();
            return Optional.of(
                    value.isObject()
                            ? new Variable.Secret(name, keep("environment." + name, secret.asString()))
                            : new Variable.Plain(name, value.asString()));
        }

        private List<Webhook> webhooks(List<Fields> list) {
            var webhooks = new ArrayList<Webhook>();
            for (Fields fields : list) {
                String url = fields.required("url");
                if (!url.isEmpty() && !webAddress(url)) fields.wrong("url", "an http or https address is wanted");
                String prefix = "webhooks." + webhooks.size() + ".";
                Set<String> words = new HashSet<>(fields.texts("events", 32));
                webhooks.add(new Webhook(
                        url,
                        secret(fields, "authorization", prefix + "authorization"),
                        secret(fields, "secret", prefix + "secret"),
                        words));
                fields.noMore();
            }
            return webhooks;
        }

        private static boolean webAddress(String url) {
            try {
                var address = new URI(url);
                return address.getHost() != null
                        && ("http".equals(address.getScheme()) || "https".equals(address.getScheme()));
            } catch (URISyntaxException e) {
                return false;
            }
        }

        private static Placement placement(Fields fields) {
            var placement = new Placement(
                    fields.texts("backends", 8),
                    fields.flag("fallback", false),
                    fields.text("namespace"),
                    Optional.empty(),
                    fields.text("queue"),
                    fields.flag("spot", false));
            fields.noMore();
            return placement;
        }

        private static Policy policy(Fields fields) {
            var policy = new Policy(
                    fields.integer("max_duration_minutes", 1, MAX_MINUTES).map(Duration::ofMinutes),
                    fields.integer("infrastructure_attempts", 1, 100).orElse(Policy.DEFAULT.infrastructureAttempts()),
                    fields.integer("user_retries", 0, 100).orElse(Policy.DEFAULT.userRetries()),
                    fields.integer("grace_seconds", 0, 3600).map(Duration::ofSeconds),
                    fields.integer("priority", -1_000_000, 1_000_000).orElse(Policy.DEFAULT.priority()));
            fields.noMore();
            return policy;
        }

        private static Settings settings(Fields fields, String name) {
            var values = new LinkedHashMap<String, @Nullable Object>();
            fields.entries(name, MANY).forEach((key, value) -> values.put(key, JSON.treeToValue(value, Object.class)));
            return new Settings(values);
        }
    }
}
