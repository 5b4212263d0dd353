package io.trainyard.backend.kubeflow;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * How a release of Kubeflow Trainer is told what one job wants of its pods. The rest of a TrainJob is the same for all of
 * them. What an older release does not know is dropped from pods without a word where validation is lax, so only what
 * the schema offers is sent.
 *
 * @param fields of a pod that may be set, such as {@code tolerations}; those of its containers as
 *     {@code containers.volumeMounts}
 * @param deadline whether a TrainJob may have one
 */
public record Dialect(Form form, Set<String> fields, boolean deadline) {
    private static final JsonMapper JSON = new JsonMapper();
    /** What our own runtimes and those of the project call the replicated job that trains. */
    static final String TRAINER_STEP = "node";

    private static final String PATCHES_BY = "trainyard.io/control-plane";
    private static final List<String> IN_PATCHES = List.of(
            "runtimePatches",
            "items",
            "properties",
            "trainingRuntimeSpec",
            "properties",
            "template",
            "properties",
            "spec",
            "properties",
            "replicatedJobs",
            "items",
            "properties",
            "template",
            "properties",
            "spec",
            "properties",
            "template",
            "properties",
            "spec",
            "properties");

    private static final Set<String> OF_2_0 = Set.of(
            "serviceAccountName", "nodeSelector", "tolerations", "volumes", "containers", "containers.volumeMounts");
    private static final Set<String> OF_2_1 = with(OF_2_0, "affinity", "imagePullSecrets");
    private static final Set<String> OF_2_2 = with(OF_2_1, "securityContext", "containers.securityContext");
    private static final Set<String> OF_2_3 = with(OF_2_2, "terminationGracePeriodSeconds");

    public Dialect {
        fields = Set.copyOf(fields);
    }

    private static Set<String> with(Set<String> some, String... further) {
        var all = new HashSet<>(some);
        all.addAll(List.of(further));
        return all;
    }

    /** The member of a TrainJob's spec that holds what is said of pods. */
    public enum Form {
        POD_SPEC_OVERRIDES("podSpecOverrides"),
        POD_TEMPLATE_OVERRIDES("podTemplateOverrides"),
        RUNTIME_PATCHES("runtimePatches");

        final String member;

        Form(String member) {
            this.member = member;
        }
    }

    /** By the release's first two numbers. */
    public static Optional<Dialect> named(String release) {
        return switch (release) {
            case "2.0" -> Optional.of(new Dialect(Form.POD_SPEC_OVERRIDES, OF_2_0, false));
            case "2.1" -> Optional.of(new Dialect(Form.POD_TEMPLATE_OVERRIDES, OF_2_1, false));
            case "2.2" -> Optional.of(new Dialect(Form.RUNTIME_PATCHES, OF_2_2, true));
            case "2.3" -> Optional.of(new Dialect(Form.RUNTIME_PATCHES, OF_2_3, true));
            default -> Optional.empty();
        };
    }

    /** @param properties of a TrainJob's spec, as the schema that a cluster serves has them */
    static Optional<Dialect> of(JsonNode properties) {
        boolean deadline = properties.has("activeDeadlineSeconds");
        JsonNode pod = at(properties, IN_PATCHES);
        if (pod.isObject()) return Optional.of(new Dialect(Form.RUNTIME_PATCHES, fields(pod), deadline));
        JsonNode template = properties.at("/podTemplateOverrides/items/properties/spec/properties");
        if (template.isObject())
            return Optional.of(new Dialect(Form.POD_TEMPLATE_OVERRIDES, fields(template), deadline));
        JsonNode flat = properties.at("/podSpecOverrides/items/properties");
        return flat.isObject()
                ? Optional.of(new Dialect(Form.POD_SPEC_OVERRIDES, fields(flat), deadline))
                : Optional.empty();
    }

    private static JsonNode at(JsonNode node, List<String> path) {
        JsonNode found = node;
        for (String name : path) found = found.path(name);
        return found;
    }

    private static Set<String> fields(JsonNode pod) {
        var fields = new HashSet<>(pod.propertyNames());
        for (String each : pod.at("/containers/items/properties").propertyNames()) fields.add("containers." + each);
        return fields;
    }

    boolean offers(String field) {
        return fields.contains(field);
    }

    /** Writes into the spec of a TrainJob what is wanted of the pods of its training step, as far as it is offered. */
    void say(ObjectNode spec, ObjectNode pod) {
        ObjectNode offered = JSON.createObjectNode();
        for (var each : pod.properties()) {
            if (!offers(each.getKey())) continue;
            offered.set(
                    each.getKey(), each.getKey().equals("containers") ? containers(each.getValue()) : each.getValue());
        }
        if (offered.isEmpty()) return;
        switch (form) {
            case POD_SPEC_OVERRIDES -> {
                ObjectNode override = override(spec);
                override.setAll(offered);
            }
            case POD_TEMPLATE_OVERRIDES -> override(spec).set("spec", offered);
            case RUNTIME_PATCHES -> {
                ObjectNode patch = spec.putArray(form.member).addObject().put("manager", PATCHES_BY);
                ObjectNode step = patch.putObject("trainingRuntimeSpec")
                        .putObject("template")
                        .putObject("spec")
                        .putArray("replicatedJobs")
                        .addObject()
                        .put("name", TRAINER_STEP);
                step.putObject("template")
                        .putObject("spec")
                        .putObject("template")
                        .set("spec", offered);
            }
        }
    }

    private ObjectNode override(ObjectNode spec) {
        ObjectNode override = spec.putArray(form.member).addObject();
        override.putArray("targetJobs").addObject().put("name", TRAINER_STEP);
        return override;
    }

    private JsonNode containers(JsonNode list) {
        var containers = new ArrayList<JsonNode>();
        for (JsonNode each : list) {
            ObjectNode kept =
                    JSON.createObjectNode().put("name", each.path("name").asString(""));
            for (var field : each.properties())
                if (offers("containers." + field.getKey())) kept.set(field.getKey(), field.getValue());
            containers.add(kept);
        }
        return JSON.createArrayNode().addAll(containers);
    }
}
