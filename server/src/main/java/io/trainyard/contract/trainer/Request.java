package io.trainyard.contract.trainer;

import io.trainyard.wire.Checker;
import io.trainyard.wire.Problem;
import io.trainyard.wire.Problem.Path;
import io.trainyard.wire.Secrecy;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * A request found good, after defaults.
 *
 * @param body its fields in their published order, secrets included
 * @param secrets values by name
 * @param hidden the nodes of the body that hold secrets, by identity (hence not copied), with their names
 * @param filtersEvents whether the client chose the events itself; the default filter is not applied
 */
record Request(
        Service service,
        ObjectNode body,
        Extras extras,
        Map<String, String> secrets,
        IdentityHashMap<JsonNode, String> hidden,
        boolean filtersEvents,
        List<String> warnings) {

    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
    private static final Path CUSTOMIZATION = Path.BODY.child("customization");

    /** What became of a body. */
    sealed interface Reading {
        record Good(Request request) implements Reading {}

        /** 422 with all of them. */
        record Wrong(List<Problem> problems) implements Reading {}

        /** 400: a rule of the service, in its words. */
        record Refused(String text) implements Reading {}
    }

    /** @param odd whether text in the body may be none that can be kept */
    static Reading read(JsonNode root, boolean odd, Service service, RuntimeDefaults runtime) {
        var checker = new Checker();
        if (root.isNull()) {
            checker.wrong(Path.BODY, null, false, "field required", "value_error.missing");
            return new Reading.Wrong(checker.problems);
        }
        if (!root.isObject()) return new Reading.Wrong(List.of(notAnObject()));
        if (odd) checker.wellFormed(root, Path.BODY);
        ObjectNode body = checker.object(root, Tables.REQUEST, Path.BODY);
        if (!checker.problems.isEmpty()) return new Reading.Wrong(checker.problems);
        settle(checker, root.path("customization"), (ObjectNode) body.get("customization"));
        var extras = new Extras(body, service, runtime, checker);
        if (!checker.problems.isEmpty()) return new Reading.Wrong(checker.problems);
        var refusal = service.objection(
                        body.get("base_model").get("provider").stringValue(),
                        body.get("customization").get("method").stringValue(),
                        body.get("resources").get("gpus").intValue(),
                        body.get("resources").get("memory_gb").intValue())
                .or(extras::refusal);
        if (refusal.isPresent()) return new Reading.Refused(refusal.get());
        return new Reading.Good(new Request(
                service,
                body,
                extras,
                checker.secrets,
                checker.hidden,
                root.path("callbacks").has("event_filter"),
                checker.warnings));
    }

    /** Where the weights lie when not under the model's name. */
    Optional<String> modelUri() {
        return extras.modelUri.or(() ->
                Optional.ofNullable(body.get("base_model").get("weights_url").stringValue(null)));
    }

    static Problem notAnObject() {
        return new Problem(Path.BODY, "value is not a valid dict", "type_error.dict", null, Map.of());
    }

    /** Fills the blocks that the method implies, and moves the studio's flat values into the lora block. */
    private static void settle(Checker checker, JsonNode asked, ObjectNode customization) {
        String method = customization.get("method").stringValue();
        @Nullable
        JsonNode[] flat = {
            customization.remove("rank"),
            customization.remove("lora_alpha"),
            customization.remove("lora_dropout"),
            customization.remove("target_modules")
        };
        boolean anyFlat = false;
        for (JsonNode each : flat) anyFlat |= each != null && !each.isNull();
        boolean implied = method.equals("lora") || (anyFlat && !method.equals("full"));
        if (implied && customization.get("lora").isNull())
            customization.set("lora", checker.object(JSON.objectNode(), Tables.LORA, CUSTOMIZATION));
        if (method.equals("qlora") && customization.get("qlora").isNull())
            customization.set("qlora", checker.object(JSON.objectNode(), Tables.QLORA, CUSTOMIZATION));
        if (anyFlat) {
            String[] names = {"rank", "lora_alpha", "lora_dropout", "target_modules"};
            String[] members = {"rank", "alpha", "dropout", "target_modules"};
            for (int i = 0; i < names.length; i++)
                moveIn(checker, customization.get("lora"), asked.path("lora"), names[i], members[i], flat[i]);
        }
        JsonNode config = customization.get("peft").path("config");
        for (String name : config.propertyNames()) {
            if (Secrecy.suspicious(name))
                checker.wrong(
                        CUSTOMIZATION.child("peft").child("config").child(name),
                        config.get(name),
                        true,
                        "secrets belong into trainer_env",
                        "value_error.secret");
        }
    }

    private static void moveIn(
            Checker checker, JsonNode lora, JsonNode asked, String name, String member, @Nullable JsonNode value) {
        if (value == null || value.isNull()) return;
        Path at = CUSTOMIZATION.child(name);
        if (!lora.isObject()) checker.warn(at, "not used by method full");
        else if (asked.has(member) && !Objects.equals(lora.get(member), value))
            checker.warn(at, "ignored, customization.lora." + member + " says otherwise");
        else ((ObjectNode) lora).set(member, value);
    }
}
