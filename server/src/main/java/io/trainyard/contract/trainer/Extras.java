package io.trainyard.contract.trainer;

import io.trainyard.spec.Placement.TrainingRuntime;
import io.trainyard.wire.Checker;
import io.trainyard.wire.Fields;
import io.trainyard.wire.Labels;
import io.trainyard.wire.Problem.Path;
import io.trainyard.wire.Scalars;
import io.trainyard.wire.Secrecy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * {@code extra_parameters}, typed. What the first implementation refused with 400 is a {@link #refusal} in its words;
 * what it fell over is a problem of the list.
 */
final class Extras {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
    private static final Path AT = Path.BODY.child("extra_parameters");
    private static final Set<String> KNOWN = Set.of(
            "container_image",
            "num_nodes",
            "num_proc_per_node",
            "resources_per_node",
            "runtime_ref",
            "trainer_command",
            "command",
            "trainer_args",
            "trainer_env",
            "job_labels",
            "job_annotations",
            "model_uri",
            "executor",
            "unsloth",
            "trainer");

    /** Absent where the request says null, which the first implementation passed on as null. */
    final Optional<String> image;

    final int nodes;
    final int processes;
    final PerNode perNode;
    final TrainingRuntime runtime;
    /** The caller's own command; empty where the service's default holds. */
    final List<String> command;

    final String executor;
    final List<String> arguments;
    /** In the request's order; values that are secret are among the checker's hidden nodes. */
    final Map<String, JsonNode> environment;

    final Map<String, String> labels;
    final Map<String, String> annotations;
    final Optional<String> modelUri;
    final @Nullable JsonNode unsloth;
    final ObjectNode trainer;

    private final Checker checker;
    private @Nullable String refusal;

    Extras(ObjectNode body, Service service, RuntimeDefaults defaults, Checker checker) {
        this.checker = checker;
        ObjectNode given = (ObjectNode) body.get("extra_parameters");
        for (String name : given.propertyNames()) {
            if (!KNOWN.contains(name)) checker.warn(AT.child(name), "unknown field, only handed on to the trainer");
        }
        JsonNode named = given.get("container_image");
        image = named == null ? Optional.of(service.image) : text(given, "container_image");
        nodes = count(given, "num_nodes", 1);
        JsonNode resources = body.get("resources");
        int gpus = resources.get("gpus").intValue();
        processes = count(given, "num_proc_per_node", Math.max(1, Math.ceilDiv(gpus, nodes)));
        JsonNode replaced = object(given, "resources_per_node");
        perNode = replaced == null
                ? PerNode.of(resources)
                : PerNode.replacing(resources, replaced, AT.child("resources_per_node"), checker);
        if (replaced == null && nodes > 1 && gpus > 0)
            checker.warn(
                    Path.BODY.child("resources").child("gpus"),
                    "every one of %d nodes gets %d, with %d processes".formatted(nodes, gpus, processes));
        runtime = runtime(given, service, defaults);
        executor = executor(given, service);
        List<String> own = words(given, "trainer_command");
        command = own.isEmpty() ? words(given, "command") : own;
        arguments = words(given, "trainer_args");
        var variables = new Variables(AT.child("trainer_env"), checker);
        environment = variables.read(given);
        labels = labels(given, "job_labels", true);
        annotations = labels(given, "job_annotations", false);
        modelUri = only(given, "model_uri", service == Service.NEMO) ? text(given, "model_uri") : Optional.empty();
        unsloth = unsloth(given, service);
        trainer = trainer(given);
        checker.hideSuspicious(given, AT, false);
    }

    /** What the first implementation answered with 400 after all else was found right. */
    Optional<String> refusal() {
        return Optional.ofNullable(refusal);
    }

    private void refuse(String name, String text) {
        if (refusal == null) refusal = AT.child(name) + ": " + text;
    }

    private Optional<String> text(ObjectNode given, String name) {
        JsonNode value = given.get(name);
        if (value == null || value.isNull()) return Optional.empty();
        JsonNode text = Scalars.text(checker, AT.child(name), false, value, 1);
        return text == null ? Optional.empty() : Optional.of(text.stringValue());
    }

    private @Nullable JsonNode object(ObjectNode given, String name) {
        JsonNode value = given.get(name);
        if (value == null || value.isNull() || value.isObject()) return value == null || value.isNull() ? null : value;
        checker.wrong(AT.child(name), value, true, "value is not a valid dict", "type_error.dict");
        return null;
    }

    /** Below 1 counts as 1, as it always did. */
    private int count(ObjectNode given, String name, int standard) {
        JsonNode value = given.get(name);
        if (value == null) return standard;
        if (value.isString() && Scalars.wholeOf(value.stringValue().strip()) == null) {
            refuse(name, "invalid literal for int() with base 10: '" + Scalars.cut(value.stringValue(), 100) + "'");
            return standard;
        }
        JsonNode whole = Scalars.whole(checker, AT.child(name), false, value, new Fields.Whole(Integer.MIN_VALUE));
        if (whole == null) return standard;
        if (whole.intValue() >= 1) return whole.intValue();
        checker.warn(AT.child(name), whole.intValue() + " counts as 1");
        return 1;
    }

    private TrainingRuntime runtime(ObjectNode given, Service service, RuntimeDefaults defaults) {
        JsonNode asked = object(given, "runtime_ref");
        ObjectNode reference =
                checker.object(asked == null ? JSON.objectNode() : asked, Tables.RUNTIME, AT.child("runtime_ref"));
        return new TrainingRuntime(
                reference.path("name").stringValue(defaults.name().orElse(service.runtime)),
                reference.path("kind").stringValue(defaults.kind()),
                reference.path("apiGroup").stringValue(defaults.apiGroup()));
    }

    private String executor(ObjectNode given, Service service) {
        return switch (service) {
            case NEMO -> {
                only(given, "executor", false);
                yield "";
            }
            case META -> text(given, "executor").orElse("torchrun");
            case HF_UNSLOTH -> {
                only(given, "executor", false);
                yield "accelerate";
            }
        };
    }

    /** Whether a parameter counts here; one that is given in vain is warned about. */
    private boolean only(ObjectNode given, String name, boolean counts) {
        if (!counts && given.has(name)) checker.warn(AT.child(name), "not used by this service");
        return counts;
    }

    private List<String> words(ObjectNode given, String name) {
        JsonNode value = given.get(name);
        if (value == null || value.isNull()) return List.of();
        if (value.isString()) {
            try {
                return ShellWords.split(value.stringValue());
            } catch (IllegalArgumentException unbalanced) {
                // Without the words themselves: what is among them may be a secret.
                refuse(name, String.valueOf(unbalanced.getMessage()));
                return List.of();
            }
        }
        if (!value.isArray()) {
            checker.wrong(AT.child(name), value, true, "str or list expected", "type_error.list");
            return List.of();
        }
        var words = new ArrayList<String>();
        for (int i = 0; i < value.size(); i++) {
            Path at = AT.child(name).child(i);
            String word = Scalars.printed(value.get(i));
            if (word != null) words.add(word);
            else if (value.get(i).isNull()) checker.warn(at, "null, dropped");
            else checker.wrong(at, value.get(i), true, "str type expected", "type_error.str");
        }
        return words;
    }

    private Map<String, String> labels(ObjectNode given, String name, boolean judgeValues) {
        JsonNode value = given.get(name);
        return value == null || value.isNull() ? Map.of() : Labels.read(value, AT.child(name), checker, judgeValues);
    }

    private @Nullable JsonNode unsloth(ObjectNode given, Service service) {
        if (!only(given, "unsloth", service == Service.HF_UNSLOTH)) return null;
        JsonNode asked = object(given, "unsloth");
        return asked == null ? null : checker.object(asked, Tables.UNSLOTH, AT.child("unsloth"));
    }

    /** Knobs for our own trainer; some have a place of their own in a job and are checked for it. */
    private ObjectNode trainer(ObjectNode given) {
        JsonNode asked = object(given, "trainer");
        ObjectNode knobs = JSON.objectNode();
        if (asked == null) return knobs;
        Path at = AT.child("trainer");
        for (var knob : asked.properties()) {
            if (Secrecy.suspicious(knob.getKey()))
                checker.wrong(
                        at.child(knob.getKey()),
                        knob.getValue(),
                        true,
                        "secrets belong into trainer_env",
                        "value_error.secret");
            else knobs.set(knob.getKey(), knob.getValue());
        }
        for (Fields.Field field : Tables.TRAINER.fields()) {
            JsonNode value = knobs.get(field.name());
            if (value == null || value.isNull()) continue;
            JsonNode checked = checker.value(value, field.kind(), at.child(field.name()), false);
            if (checked != null) knobs.set(field.name(), checked);
        }
        return knobs;
    }
}
