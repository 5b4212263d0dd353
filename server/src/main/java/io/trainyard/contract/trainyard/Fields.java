package io.trainyard.contract.trainyard;

import io.trainyard.http.Problem.FieldError;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;

/**
 * Reads the fields of one JSON object strictly and gathers all that is wrong with them. A field that nobody asked for
 * is unknown, and is named with the known ones. What is wrong reads as its default: the caller refuses before it is used.
 */
final class Fields {
    private static final int MAX_SHOWN_CHARS = 80;
    private static final int MAX_TEXT_CHARS = 16 * 1024;

    private final JsonNode node;
    private final String path;
    private final List<FieldError> errors;
    private final Set<String> known = new HashSet<>();

    private Fields(JsonNode node, String path, List<FieldError> errors) {
        this.node = node;
        this.path = path;
        this.errors = errors;
    }

    static Fields of(JsonNode body, List<FieldError> errors) {
        return new Fields(body, "", errors);
    }

    private String at(String name) {
        return path.isEmpty() ? name : path + "." + name;
    }

    private Optional<JsonNode> value(String name) {
        known.add(name);
        JsonNode value = node.path(name);
        return value.isMissingNode() || value.isNull() ? Optional.empty() : Optional.of(value);
    }

    boolean has(String name) {
        return value(name).isPresent();
    }

    void wrong(String name, String message) {
        known.add(name);
        JsonNode value = node.path(name);
        wrongAt(at(name), value, message);
    }

    private void wrongAt(String field, JsonNode value, String message) {
        String shown = value.isMissingNode() ? "" : value.toString();
        if (shown.length() > MAX_SHOWN_CHARS) shown = shown.substring(0, MAX_SHOWN_CHARS) + "…";
        errors.add(new FieldError(field, shown, message));
    }

    Optional<String> text(String name) {
        Optional<JsonNode> value = value(name);
        if (value.isEmpty()) return Optional.empty();
        if (!value.get().isString()) {
            wrong(name, "a text is wanted");
            return Optional.empty();
        }
        String text = value.get().asString();
        if (text.isEmpty() || text.length() > MAX_TEXT_CHARS || text.indexOf('\0') >= 0 || !wellFormed(text)) {
            wrong(name, "1 to " + MAX_TEXT_CHARS + " characters are wanted, without NUL and lone surrogates");
            return Optional.empty();
        }
        return Optional.of(text);
    }

    /** Half a character cannot be written as UTF-8, so it could not be given back as it came. */
    private static boolean wellFormed(String text) {
        return StandardCharsets.UTF_8.newEncoder().canEncode(text);
    }

    String text(String name, String otherwise) {
        return text(name).orElse(otherwise);
    }

    String required(String name) {
        if (!has(name)) wrong(name, "is required");
        return text(name).orElse("");
    }

    /** A text that stays a secret: what is wrong with it is said without its value. */
    Optional<String> secret(String name) {
        Optional<JsonNode> value = value(name);
        if (value.isEmpty()) return Optional.empty();
        if (!value.get().isString() || value.get().asString().isEmpty()) {
            errors.add(new FieldError(at(name), "********", "a text is wanted"));
            return Optional.empty();
        }
        return Optional.of(value.get().asString());
    }

    Optional<Integer> integer(String name, int least, int most) {
        Optional<JsonNode> value = value(name);
        if (value.isEmpty()) return Optional.empty();
        boolean fits = value.get().isIntegralNumber()
                && value.get().canConvertToInt()
                && value.get().asInt() >= least
                && value.get().asInt() <= most;
        if (!fits) wrong(name, "a whole number from " + least + " to " + most + " is wanted");
        return fits ? Optional.of(value.get().asInt()) : Optional.empty();
    }

    /** @param positive whether 0 itself is refused */
    double number(String name, double otherwise, boolean positive, double most) {
        Optional<JsonNode> value = value(name);
        if (value.isEmpty()) return otherwise;
        double number = value.get().isNumber() ? value.get().asDouble() : Double.NaN;
        boolean fits = Double.isFinite(number) && number <= most && (positive ? number > 0 : number >= 0);
        if (!fits) wrong(name, "a number %s 0 and at most %s is wanted".formatted(positive ? "above" : "from", most));
        return fits ? number : otherwise;
    }

    boolean flag(String name, boolean otherwise) {
        Optional<JsonNode> value = value(name);
        if (value.isEmpty()) return otherwise;
        if (!value.get().isBoolean()) wrong(name, "true or false is wanted");
        return value.get().asBoolean(otherwise);
    }

    <E extends Enum<E>> E word(String name, Class<E> type, E otherwise) {
        Optional<String> text = text(name);
        if (text.isEmpty()) return otherwise;
        var words = new ArrayList<String>();
        for (E constant : type.getEnumConstants()) {
            String word = constant.name().toLowerCase(Locale.ROOT);
            if (word.equals(text.get())) return constant;
            words.add(word);
        }
        wrong(name, "one of " + String.join(", ", words) + " is wanted");
        return otherwise;
    }

    /** The object under this name; an empty one when it is absent. */
    Fields object(String name) {
        Optional<JsonNode> value = value(name);
        if (value.isPresent() && !value.get().isObject()) wrong(name, "an object is wanted");
        return new Fields(node.path(name), at(name), errors);
    }

    List<Fields> objects(String name, int most) {
        var objects = new ArrayList<Fields>();
        int index = 0;
        for (JsonNode item : array(name, most)) {
            String where = at(name) + "[" + index++ + "]";
            if (item.isObject()) objects.add(new Fields(item, where, errors));
            else wrongAt(where, item, "an object is wanted");
        }
        return objects;
    }

    List<String> texts(String name, int most) {
        var texts = new ArrayList<String>();
        int index = 0;
        for (JsonNode item : array(name, most)) {
            String where = at(name) + "[" + index++ + "]";
            boolean fits = item.isString()
                    && item.asString().length() <= MAX_TEXT_CHARS
                    && item.asString().indexOf('\0') < 0
                    && wellFormed(item.asString());
            if (fits) texts.add(item.asString());
            else wrongAt(where, item, "a text without NUL and lone surrogates is wanted");
        }
        return texts;
    }

    private List<JsonNode> array(String name, int most) {
        Optional<JsonNode> value = value(name);
        if (value.isEmpty()) return List.of();
        if (!value.get().isArray() || value.get().size() > most) {
            wrong(name, "a list of at most " + most + " is wanted");
            return List.of();
        }
        return List.copyOf(value.get().values());
    }

    /** Free names with the object's fields; each value is read by the caller. */
    Map<String, JsonNode> entries(String name, int most) {
        Optional<JsonNode> value = value(name);
        if (value.isEmpty()) return Map.of();
        if (!value.get().isObject() || value.get().size() > most) {
            wrong(name, "an object of at most " + most + " entries is wanted");
            return Map.of();
        }
        var entries = new LinkedHashMap<String, JsonNode>();
        value.get().properties().forEach(entry -> entries.put(entry.getKey(), entry.getValue()));
        return entries;
    }

    Map<String, String> textEntries(String name, int most) {
        var texts = new LinkedHashMap<String, String>();
        entries(name, most).forEach((key, value) -> {
            boolean fits = value.isString()
                    && !key.isEmpty()
                    && wellFormed(key)
                    && wellFormed(value.asString())
                    && value.asString().indexOf('\0') < 0;
            if (fits) texts.put(key, value.asString());
            else wrongAt(at(name) + "." + key, value, "a text is wanted");
        });
        return texts;
    }

    /** Said last: what was not asked for is unknown. */
    void noMore() {
        if (!node.isObject()) return;
        for (String name : node.propertyNames())
            if (!known.contains(name))
                wrongAt(
                        at(name),
                        node.path(name),
                        "is unknown; known here: " + String.join(", ", new TreeSet<>(known)));
    }
}
