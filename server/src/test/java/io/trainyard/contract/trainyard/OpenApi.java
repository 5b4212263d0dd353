package io.trainyard.contract.trainyard;

import io.trainyard.LiveServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Our OpenAPI document, and the fields of its create body as a table. */
final class OpenApi {
    static final JsonNode DOCUMENT = read();

    private OpenApi() {}

    private static JsonNode read() {
        try (var in = OpenApi.class.getResourceAsStream("openapi.json")) {
            return LiveServer.JSON.readTree(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static JsonNode schema(String name) {
        return DOCUMENT.at("/components/schemas/" + name);
    }

    /** The schema with its reference followed; what stands beside the reference counts too. */
    static JsonNode resolved(JsonNode schema) {
        if (!schema.has("$ref")) return schema;
        String pointer = schema.get("$ref").stringValue().substring(1);
        var merged = ((ObjectNode) resolved(DOCUMENT.at(pointer))).deepCopy();
        schema.properties().forEach(entry -> merged.set(entry.getKey(), entry.getValue()));
        merged.remove("$ref");
        return merged;
    }

    /** @param path names from the body on; {@code []} is the first item of a list */
    record Field(List<String> path, JsonNode schema, boolean required) {
        Field {
            path = List.copyOf(path);
        }

        /** As a refusal names it. */
        String name() {
            return String.join(".", path).replace(".[]", "[0]");
        }

        boolean is(String type) {
            JsonNode types = schema.path("type");
            return types.isString()
                    ? types.stringValue().equals(type)
                    : types.valueStream().anyMatch(t -> t.stringValue().equals(type));
        }

        boolean isWord() {
            return schema.has("enum");
        }

        boolean mayBeNull() {
            return is("null") || schema.path("enum").valueStream().anyMatch(JsonNode::isNull);
        }

        boolean isSecret() {
            return schema.path("writeOnly").asBoolean(false);
        }

        /** A body with this value in its place, valid apart from it. */
        JsonNode body(JsonNode value) {
            return put(base(), path, value);
        }

        /** A body without the field, its surroundings there. */
        JsonNode without() {
            ObjectNode body = base();
            if (path.size() == 1) body.remove(path.getFirst());
            else {
                ObjectNode parent = minimal(path.get(path.size() - 2), path.getFirst());
                parent.remove(path.getLast());
                put(body, path.subList(0, path.size() - 1), parent);
            }
            return body;
        }

        private ObjectNode base() {
            ObjectNode body = LiveServer.JSON.createObjectNode().put("name", "fields");
            body.putObject("model").put("name", "none");
            return body;
        }

        private static ObjectNode put(ObjectNode at, List<String> path, JsonNode value) {
            String name = path.getFirst();
            List<String> rest = path.subList(1, path.size());
            if (rest.isEmpty()) at.set(name, value);
            else if (rest.getFirst().equals("[]")) {
                if (rest.size() == 1) at.putArray(name).add(value);
                else at.putArray(name).add(put(minimal("[]", name), rest.subList(1, rest.size()), value));
            } else if (at.has(name)) put((ObjectNode) at.get(name), rest, value);
            else at.set(name, put(minimal(name, name), rest, value));
            return at;
        }

        /** The least that is valid here. */
        private static ObjectNode minimal(String name, String list) {
            ObjectNode object = LiveServer.JSON.createObjectNode();
            if (name.equals("model")) object.put("name", "none");
            if (name.equals("[]") && list.equals("datasets")) object.put("source", "data.jsonl");
            if (name.equals("[]") && list.equals("webhooks")) object.put("url", "http://localhost/hook");
            return object;
        }
    }

    /** Every field of the create body, objects and lists themselves included. */
    static List<Field> fields() {
        var fields = new ArrayList<Field>();
        gather(List.of(), resolved(schema("Create")), fields);
        return fields;
    }

    static List<Field> fields(Predicate<Field> which) {
        return fields().stream().filter(which).toList();
    }

    private static void gather(List<String> path, JsonNode schema, List<Field> fields) {
        Set<String> required = new TreeSet<>();
        schema.path("required").forEach(name -> required.add(name.stringValue()));
        schema.path("properties").properties().forEach(property -> {
            var here = new ArrayList<>(path);
            here.add(property.getKey());
            JsonNode inner = resolved(property.getValue());
            fields.add(new Field(here, inner, required.contains(property.getKey())));
            gather(here, inner, fields);
            if (inner.has("items")) {
                here.add("[]");
                JsonNode item = resolved(inner.get("items"));
                fields.add(new Field(here, item, false));
                gather(here, item, fields);
            }
        });
    }
}
