package io.trainyard.contract.trainyard;

import io.trainyard.http.Problem.FieldError;
import io.trainyard.spec.Container;
import io.trainyard.spec.Container.Variable;
import io.trainyard.spec.Dataset;
import io.trainyard.spec.JobSpec;
import io.trainyard.spec.JobSpec.Framework;
import io.trainyard.spec.Model;
import io.trainyard.spec.Placement;
import io.trainyard.spec.SecretRef;
import io.trainyard.spec.Settings;
import io.trainyard.spec.Webhook;
import io.trainyard.webhook.AddressPolicy;
import io.trainyard.webhook.Authorization;
import io.trainyard.webhook.Signature;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** The body of {@code POST /api/v1/jobs} as a spec, with its secrets aside, or with all that is wrong with it. */
record CreateRequest(JobSpec spec, Map<SecretRef, String> secrets, List<FieldError> errors) {
    private static final int MANY = 1000;
    private static final int MAX_BACKENDS = 8;
    private static final Pattern VARIABLE = Pattern.compile("[A-Za-z_][A-Za-z0-9_]{0,255}");

    static CreateRequest read(JsonNode body, AddressPolicy addresses) {
        var reader = new Reader(addresses);
        JobSpec spec = reader.spec(body);
        return new CreateRequest(spec, reader.secrets, reader.errors);
    }

    /** What was asked after defaults, secrets included: equal for equal requests, however they were written. */
    String canonical() {
        ObjectNode whole = SpecView.of(spec);
        ObjectNode values = whole.putObject("secrets");
        secrets.forEach((reference, value) -> values.put(reference.name(), value));
        return SortedJson.of(whole);
    }

    /** Without the secrets: this may end up in a log. */
    @Override
    public String toString() {
        return "CreateRequest[" + spec.name() + ", " + errors + "]";
    }

    private static final class Reader {
        private final List<FieldError> errors = new ArrayList<>();
        private final Map<SecretRef, String> secrets = new HashMap<>();
        private final AddressPolicy addresses;

        Reader(AddressPolicy addresses) {
            this.addresses = addresses;
        }

        JobSpec spec(JsonNode body) {
            var fields = Fields.of(body, errors);
            Framework framework = fields.word("framework", Framework.class, Framework.HF);
            var spec = new JobSpec(
                    fields.required("name"),
                    framework,
                    model(fields, framework),
                    datasets(fields.objects("datasets", MANY)),
                    Parts.method(fields.object("method")),
                    Parts.hyperparameters(fields.object("hyperparameters")),
                    Parts.resources(fields.object("resources")),
                    Parts.artifacts(fields.object("outputs"), fields.object("checkpoints")),
                    container(fields, framework),
                    fields.textEntries("labels", MANY),
                    fields.textEntries("annotations", MANY),
                    webhooks(fields.objects("webhooks", 16)),
                    placement(fields.object("placement")),
                    Parts.policy(fields.object("policy")),
                    new Settings(fields.settings("extra", MANY)));
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
                fields.secretEntries("credentials", 16)
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

        private Container container(Fields body, Framework framework) {
            var fields = body.object("container");
            var container = container(fields, "");
            if (framework == Framework.CUSTOM && container.command().isEmpty())
                fields.wrong("command", "is required for framework custom: the argument vector to start");
            return container;
        }

        private Placement placement(Fields fields) {
            var containers = new HashMap<String, Container>();
            List<String> backends = fields.texts("backends", MAX_BACKENDS);
            fields.entries("containers", MAX_BACKENDS).forEach((backend, value) -> {
                if (backends.contains(backend) && value.isObject())
                    containers.put(
                            backend,
                            container(fields.object("containers").object(backend), "placement." + backend + "."));
                else
                    fields.wrongIn(
                            "containers",
                            backend,
                            value,
                            "a container under the name of one of placement.backends is wanted");
            });
            return Parts.placement(fields, backends, containers);
        }

        private Container container(Fields fields, String prefix) {
            var command = fields.texts("command", MANY);
            var environment = new ArrayList<Variable>();
            fields.entries("environment", MANY).forEach((name, value) -> {
                Optional<Variable> variable = variable(prefix, name, value);
                if (variable.isPresent()) environment.add(variable.get());
                else
                    fields.wrongIn(
                            "environment",
                            name,
                            value,
                            "a name of letters, digits and _ with a text or {\"secret\": text} is wanted");
            });
            var container = new Container(fields.text("image"), command, fields.texts("arguments", MANY), environment);
            fields.noMore();
            return container;
        }

        private Optional<Variable> variable(String prefix, String name, JsonNode value) {
            if (!VARIABLE.matcher(name).matches()) return Optional.empty();
            JsonNode secret = value.isObject() && value.size() == 1 ? value.path("secret") : value;
            if (!secret.isString() || !Fields.sound(secret.asString())) return Optional.empty();
            return Optional.of(
                    value.isObject()
                            ? new Variable.Secret(name, keep(prefix + "environment." + name, secret.asString()))
                            : new Variable.Plain(name, value.asString()));
        }

        private List<Webhook> webhooks(List<Fields> list) {
            var webhooks = new ArrayList<Webhook>();
            for (Fields fields : list) {
                String url = fields.required("url");
                if (!url.isEmpty()) addresses.objection(url).ifPresent(why -> fields.wrong("url", why));
                String prefix = "webhooks." + webhooks.size() + ".";
                webhooks.add(new Webhook(
                        url,
                        judged(fields, "authorization", prefix, Authorization::objection),
                        judged(fields, "secret", prefix, Signature::objection),
                        new HashSet<>(fields.words("events", Notices.words()))));
                fields.noMore();
            }
            return webhooks;
        }

        /** A secret that must also be usable; what is wrong with it is said without its value. */
        private Optional<SecretRef> judged(
                Fields fields, String field, String prefix, Function<String, Optional<String>> objection) {
            Optional<String> value = fields.secret(field);
            value.flatMap(objection).ifPresent(why -> fields.wrongSecret(field, why));
            return value.map(text -> keep(prefix + field, text));
        }
    }
}
