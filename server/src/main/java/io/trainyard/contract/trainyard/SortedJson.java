package io.trainyard.contract.trainyard;

import java.util.TreeSet;
import tools.jackson.databind.JsonNode;

/** JSON text that is equal for equal documents: keys sorted, no blanks, absent and null alike. */
final class SortedJson {
    private SortedJson() {}

    static String of(JsonNode node) {
        var text = new StringBuilder();
        write(node, text);
        return text.toString();
    }

    private static void write(JsonNode node, StringBuilder text) {
        if (node.isObject()) {
            text.append('{');
            for (String name : new TreeSet<>(node.propertyNames())) {
                JsonNode value = node.path(name);
                if (value.isNull()) continue;
                text.append(name.length()).append(':').append(name).append('=');
                write(value, text);
                text.append(',');
            }
            text.append('}');
        } else if (node.isArray()) {
            text.append('[');
            for (JsonNode item : node.values()) {
                write(item, text);
                text.append(',');
            }
            text.append(']');
        } else {
            text.append(node);
        }
    }
}
