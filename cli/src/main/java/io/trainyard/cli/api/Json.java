package io.trainyard.cli.api;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.MissingNode;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.databind.node.StringNode;

/** Reads and writes JSON as trees; no classes are bound, which keeps the start fast. */
public final class Json {
    private static final JsonMapper MAPPER = JsonMapper.builder().build();

    private Json() {}

    /** @throws tools.jackson.core.JacksonException when it is not JSON */
    public static JsonNode read(String text) {
        return text.isBlank() ? MissingNode.getInstance() : MAPPER.readTree(text);
    }

    public static ObjectNode object() {
        return MAPPER.createObjectNode();
    }

    public static JsonNode text(String text) {
        return StringNode.valueOf(text);
    }

    public static String compact(JsonNode node) {
        return MAPPER.writeValueAsString(node);
    }

    public static String pretty(JsonNode node) {
        return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(node);
    }

    /** The text of a field; empty when it is absent or null. */
    public static String text(JsonNode node, String field) {
        JsonNode value = node.path(field);
        return value.isNull() || value.isContainer() ? "" : value.asString("");
    }

    public static Optional<Double> number(JsonNode node, String field) {
        JsonNode value = node.path(field);
        return value.isNumber() ? Optional.of(value.doubleValue()) : Optional.empty();
    }

    public static Optional<Long> whole(JsonNode node, String field) {
        return number(node, field).map(Double::longValue);
    }

    public static List<String> texts(JsonNode list) {
        var texts = new ArrayList<String>();
        for (JsonNode item : list) texts.add(item.isContainer() ? item.toString() : item.asString(""));
        return texts;
    }

    public static Map<String, Double> numbers(JsonNode object) {
        var numbers = new LinkedHashMap<String, Double>();
        for (var field : object.properties()) {
            if (field.getValue().isNumber())
                numbers.put(field.getKey(), field.getValue().doubleValue());
        }
        return numbers;
    }

    /** The object in this field, made when it is not there. */
    public static ObjectNode within(ObjectNode parent, String field) {
        return parent.path(field) instanceof ObjectNode object ? object : parent.putObject(field);
    }
}
