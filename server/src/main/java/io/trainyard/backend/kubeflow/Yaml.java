package io.trainyard.backend.kubeflow;

import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/** Objects, lists, text and whole numbers as YAML; text that could be read as anything else is quoted as in JSON. */
final class Yaml {
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z/][A-Za-z0-9_./-]*");
    /** What YAML 1.1 takes for a value other than text. */
    private static final Set<String> WORDS = Set.of(
            "true", "false", "yes", "no", "on", "off", "null", "y", "n", "True", "False", "Yes", "No", "On", "Off",
            "Null", "Y", "N", "TRUE", "FALSE", "YES", "NO", "ON", "OFF", "NULL");

    private static final HexFormat HEX = HexFormat.of();

    private final StringBuilder out = new StringBuilder();

    private Yaml() {}

    static String of(Map<String, Object> document) {
        var yaml = new Yaml();
        yaml.object(document, 0);
        return yaml.out.toString();
    }

    private void object(Map<?, ?> object, int indent) {
        boolean first = true;
        for (var entry : object.entrySet()) {
            // The first member of an item stands behind its dash.
            if (!first || out.isEmpty() || out.charAt(out.length() - 1) == '\n') out.repeat(' ', indent);
            first = false;
            text(String.valueOf(entry.getKey()));
            out.append(':');
            value(entry.getValue(), indent);
        }
    }

    private void value(Object value, int indent) {
        switch (value) {
            case Map<?, ?> object when object.isEmpty() -> out.append(" {}\n");
            case Map<?, ?> object -> {
                out.append('\n');
                object(object, indent + 2);
            }
            case List<?> list when list.isEmpty() -> out.append(" []\n");
            case List<?> list -> {
                out.append('\n');
                for (Object item : list) item(item, indent);
            }
            default -> {
                out.append(' ');
                scalar(value);
            }
        }
    }

    private void item(Object item, int indent) {
        out.repeat(' ', indent).append("- ");
        if (item instanceof Map<?, ?> object) object(object, indent + 2);
        else scalar(item);
    }

    private void scalar(Object value) {
        switch (value) {
            case Integer number -> out.append(number);
            case String text -> text(text);
            default -> throw new IllegalArgumentException("no place in a manifest for " + value.getClass());
        }
        out.append('\n');
    }

    private void text(String text) {
        if (PLAIN.matcher(text).matches() && !WORDS.contains(text)) {
            out.append(text);
            return;
        }
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char each = text.charAt(i);
            switch (each) {
                case '"', '\\' -> out.append('\\').append(each);
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                default -> {
                    if (isShown(each)) out.append(each);
                    else out.append("\\u").append(HEX.toHexDigits(each));
                }
            }
        }
        out.append('"');
    }

    private static boolean isShown(char each) {
        boolean ascii = each >= ' ' && each < 0x7F;
        return ascii || (each > 0xA0 && each != 0x2028 && each != 0x2029 && each != 0xFEFF);
    }
}
