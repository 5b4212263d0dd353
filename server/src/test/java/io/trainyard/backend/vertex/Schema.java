package io.trainyard.backend.vertex;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/** Holds a message against a schema of a discovery document, as strictly as the service does. */
final class Schema {
    private static final Pattern DURATION = Pattern.compile("[0-9]+(\\.[0-9]+)?s");
    private static final Pattern WHOLE = Pattern.compile("-?[0-9]+");

    private final JsonNode schemas;

    Schema(JsonNode document) {
        this.schemas = document.path("schemas");
    }

    /** What is wrong with it, in the service's words; empty when nothing is. */
    List<String> faults(String schema, JsonNode message) {
        var faults = new ArrayList<String>();
        object(schemas.path(schema), message, schema, faults);
        return faults;
    }

    private void object(JsonNode schema, JsonNode value, String at, List<String> faults) {
        if (!value.isObject()) {
            faults.add("Invalid value at '%s': an object is wanted".formatted(at));
            return;
        }
        for (var field : value.properties()) {
            Optional<JsonNode> known = schema.path("properties")
                    .optional(field.getKey())
                    .or(() -> schema.optional("additionalProperties"));
            if (known.isEmpty())
                faults.add("Invalid JSON payload received. Unknown name \"%s\" at '%s': Cannot find field."
                        .formatted(field.getKey(), at));
            else value(known.get(), field.getValue(), at + "." + field.getKey(), faults);
        }
    }

    private void value(JsonNode schema, JsonNode value, String at, List<String> faults) {
        if (schema.has("$ref")) {
            object(schemas.path(schema.path("$ref").asString()), value, at, faults);
            return;
        }
        boolean fine = switch (schema.path("type").asString("")) {
            case "object" -> {
                object(schema, value, at, faults);
                yield true;
            }
            case "array" -> {
                for (JsonNode item : value) value(schema.path("items"), item, at + "[]", faults);
                yield value.isArray();
            }
            case "boolean" -> value.isBoolean();
            case "integer" -> value.isIntegralNumber();
            case "number" -> value.isNumber();
            case "string" -> text(schema, value);
            case "any" -> true;
            default -> throw new IllegalStateException("a type nobody thought of: " + schema);
        };
        if (!fine) faults.add("Invalid value at '%s': %s".formatted(at, value));
    }

    private static boolean text(JsonNode schema, JsonNode value) {
        String format = schema.path("format").asString("");
        if (format.equals("int64") && value.isIntegralNumber()) return true;
        if (!value.isString()) return false;
        if (schema.has("enum")) {
            for (JsonNode word : schema.path("enum")) if (word.equals(value)) return true;
            return false;
        }
        return switch (format) {
            case "int64" -> WHOLE.matcher(value.asString()).matches();
            case "google-duration" -> DURATION.matcher(value.asString()).matches();
            default -> true;
        };
    }

    /** Whether a field mask names fields that there are. */
    boolean knows(String schema, String mask) {
        for (String field : mask.split(",", -1))
            if (!schemas.path(schema).path("properties").has(field)) return false;
        return true;
    }
}
