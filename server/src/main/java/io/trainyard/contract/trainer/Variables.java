package io.trainyard.contract.trainer;

import io.trainyard.wire.Checker;
import io.trainyard.wire.Problem.Path;
import io.trainyard.wire.Scalars;
import io.trainyard.wire.Secrecy;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** {@code extra_parameters.trainer_env}: an object, or a list of names and values. */
final class Variables {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
    private final Path at;
    private final Checker checker;
    private final Map<String, JsonNode> found = new LinkedHashMap<>();
    /** Those that a later one of the same name replaces are secrets all the same. */
    private final List<Variable> all = new ArrayList<>();

    private record Variable(String name, JsonNode value) {}

    Variables(Path at, Checker checker) {
        this.at = at;
        this.checker = checker;
    }

    /** Replaces the values in the request by their text, so that what is hidden in one place is hidden in all. */
    Map<String, JsonNode> read(ObjectNode extraParameters) {
        JsonNode given = extraParameters.get("trainer_env");
        if (given == null || given.isNull()) return found;
        if (given.isObject()) extraParameters.set("trainer_env", fromObject(given));
        else if (given.isArray()) extraParameters.set("trainer_env", fromList(given));
        else checker.wrong(at, given, true, "value is not a valid dict", "type_error.dict");
        // Last, when all secrets of the body are known.
        for (Variable variable : all) {
            if (Secrecy.looksSecret(variable.name(), variable.value().stringValue(), checker.secrets.values()))
                checker.secret(variable.value(), at.child(variable.name()));
        }
        return found;
    }

    private ObjectNode fromObject(JsonNode given) {
        ObjectNode out = JSON.objectNode();
        for (var entry : given.properties()) {
            JsonNode value = variable(entry.getKey(), entry.getValue(), at.child(entry.getKey()));
            if (value != null) out.set(entry.getKey(), value);
        }
        return out;
    }

    private ArrayNode fromList(JsonNode given) {
        ArrayNode out = JSON.arrayNode();
        for (int i = 0; i < given.size(); i++) {
            JsonNode item = given.get(i);
            Path place = at.child(i);
            String name = item.isObject() && item.has("name") ? Scalars.plainText(item.get("name")) : null;
            if (!item.isObject() && !item.isNull()) {
                checker.wrong(place, item, true, "value is not a valid dict", "type_error.dict");
            } else if (name == null || name.isEmpty()) {
                checker.warn(place, "no name, dropped");
            } else {
                JsonNode value = variable(name, item.path("value"), place.child("value"));
                if (value != null) out.addObject().put("name", name).set("value", value);
            }
        }
        return out;
    }

    private @Nullable JsonNode variable(String name, JsonNode given, Path place) {
        if (given.isNull() || given.isMissingNode()) {
            checker.warn(place, "no value, dropped");
            return null;
        }
        if (name.isEmpty() || name.indexOf('=') >= 0) {
            checker.wrong(
                    place,
                    JSON.stringNode(name),
                    false,
                    "not a name of an environment variable",
                    "value_error.env.name");
            return null;
        }
        String text = Scalars.printed(given);
        if (text == null) return checker.wrong(place, given, true, "str type expected", "type_error.str");
        JsonNode value = JSON.stringNode(text);
        found.put(name, value);
        all.add(new Variable(name, value));
        return value;
    }
}
