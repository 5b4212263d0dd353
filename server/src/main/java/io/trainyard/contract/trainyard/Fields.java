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
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Reads the fields of one JSON object strictly and gathers all that is wrong with them. A field that nobody asked for
 * is unknown, and is named with the known ones. What is wrong reads as its default: the caller refuses before it is used.
 * Long because each kind of field has a verb.
 */
final class Fields {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final int MAX_SHOWN_CHARS = 80;
    private static final int MAX_TEXT_CHARS = 16 * 1024;
    /** More than this helps nobody, and a body of nothing but nonsense would be answered with many times its size. */
    private static final int MAX_ERRORS = 100;

    private static final String HIDDEN = "********";

    private final JsonNode node;
    private final String path;
    private final List<FieldError> errors;
    private final Set<String> known = new HashSet<>();
    /** An object that knows a secret: its unknown fields are likely that secret, misspelt. */
    private boolean holdsSecrets;

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
        wrongAt(at(name), shown(node.path(name)), message);
    }

    void wrongIn(String name, String entry, JsonNode value, String message) {
        wrongAt(at(name) + "." + entry, shown(value), message);
    }

    void wrongSecret(String name, String message) {
        wrongHidden(at(name), message);
    }

    private void wrongHidden(String field, String message) {
        wrongAt(field, HIDDEN, message);
    }

    private void wrongAt(String field, String shown, String message) {
        if (errors.size() < MAX_ERRORS) errors.add(new FieldError(shortened(field), shown, message));
    }

    /** Nothing of the inside of objects and lists: secrets may be in there. */
    private static String shown(JsonNode value) {
        if (value.isMissingNode()) return "";
        if (value.isContainer() && !value.isEmpty()) return value.isObject() ? "{…}" : "[…]";
        return shortened(value.toString());
    }

    static String shortened(String text) {
        return text.length() > MAX_SHOWN_CHARS ? text.substring(0, MAX_SHOWN_CHARS) + "…" : text;
    }

    /** Half a character cannot be written as UTF-8, and a program's argument cannot hold NUL. */
    static boolean sound(String text) {
        return text.indexOf('\0') < 0 && text.codePointCount(0, text.length()) <= MAX_TEXT_CHARS && wellFormed(text);
    }

    private static boolean wellFormed(String text) {
        return StandardCharsets.UTF_8.newEncoder().canEncode(text);
    }

    private static boolean soundText(JsonNode value) {
        return value.isString() && sound(value.asString());
    }

    private static String wanted(int least) {
        return "a text of %d to %d characters is wanted, without NUL and lone surrogates"
                .formatted(least, MAX_TEXT_CHARS);
    }

    private Optional<String> text(String name, Predicate<JsonNode> fits, Runnable refuse) {
        Optional<JsonNode> value = value(name);
        if (value.isEmpty()) return Optional.empty();
        if (fits.test(value.get())) return Optional.of(value.get().asString());
        refuse.run();
        return Optional.empty();
    }

    Optional<String> text(String name) {
        return text(name, Fields::filled, () -> wrong(name, wanted(1)));
    }

    private static boolean filled(JsonNode value) {
        return soundText(value) && !value.asString().isEmpty();
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
        holdsSecrets = true;
        return text(name, Fields::filled, () -> wrongHidden(at(name), wanted(1)));
    }

    Optional<Integer> integer(String name, int least, int most) {
        Optional<JsonNode> value = value(name);
        if (value.isEmpty()) return Optional.empty();
        double number = decimal(value.get());
        boolean fits = number >= least && number <= most && number == Math.rint(number);
        if (!fits) wrong(name, "a whole number from " + least + " to " + most + " is wanted");
        return fits ? Optional.of((int) number) : Optional.empty();
    }

    /** @param positive whether 0 itself is refused */
    double number(String name, double otherwise, boolean positive, int most) {
        Optional<JsonNode> value = value(name);
        if (value.isEmpty()) return otherwise;
        double number = decimal(value.get());
        boolean fits = number <= most && (positive ? number > 0 : number >= 0);
        if (!fits) wrong(name, "a number %s 0 and at most %d is wanted".formatted(positive ? "above" : "from", most));
        return fits ? number : otherwise;
    }

    /** Beyond a double's range it is infinite, and what is no number is none. */
    private static double decimal(JsonNode value) {
        return value.isNumber() ? value.numberValue().doubleValue() : Double.NaN;
    }

    boolean flag(String name, boolean otherwise) {
        Optional<JsonNode> value = value(name);
        if (value.isEmpty()) return otherwise;
        if (value.get().isBoolean()) return value.get().asBoolean();
        wrong(name, "true or false is wanted");
        return otherwise;
    }

    <E extends Enum<E>> E word(String name, Class<E> type, E otherwise) {
        Optional<JsonNode> value = value(name);
        if (value.isEmpty()) return otherwise;
        var words = new ArrayList<String>();
        for (E constant : type.getEnumConstants()) {
            String word = constant.name().toLowerCase(Locale.ROOT);
            if (value.get().isString() && word.equals(value.get().asString())) return constant;
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
            else wrongAt(where, shown(item), "an object is wanted");
        }
        return objects;
    }

    /** Texts that may be empty. */
    List<String> texts(String name, int most) {
        return texts(name, most, Fields::soundText, wanted(0));
    }

    /** Each one of these. */
    List<String> words(String name, List<String> known) {
        return texts(
                name,
                known.size(),
                item -> item.isString() && known.contains(item.asString()),
                "one of " + String.join(", ", known) + " is wanted");
    }

    private List<String> texts(String name, int most, Predicate<JsonNode> good, String wanted) {
        var texts = new ArrayList<String>();
        int index = 0;
        for (JsonNode item : array(name, most)) {
            String where = at(name) + "[" + index++ + "]";
            if (good.test(item)) texts.add(item.asString());
            else wrongAt(where, shown(item), wanted);
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
        return textEntries(name, most, false);
    }

    /** Like {@link #textEntries}; nothing of the values is said. */
    Map<String, String> secretEntries(String name, int most) {
        holdsSecrets = true;
        Optional<JsonNode> value = value(name);
        if (value.isEmpty() || (value.get().isObject() && value.get().size() <= most))
            return textEntries(name, most, true);
        wrongHidden(at(name), "an object of at most " + most + " entries is wanted");
        return Map.of();
    }

    private Map<String, String> textEntries(String name, int most, boolean hidden) {
        var texts = new LinkedHashMap<String, String>();
        entries(name, most).forEach((key, value) -> {
            if (!key.isEmpty() && sound(key) && soundText(value)) texts.put(key, value.asString());
            else wrongAt(at(name) + "." + key, hidden ? HIDDEN : shown(value), "a name and " + wanted(0));
        });
        return texts;
    }

    /** Free-form JSON; what could not be given back as it came is refused. */
    Map<String, @Nullable Object> settings(String name, int most) {
        var settings = new LinkedHashMap<String, @Nullable Object>();
        entries(name, most).forEach((key, value) -> {
            if (repeatable(value)) settings.put(key, JSON.treeToValue(value, Object.class));
            else wrongIn(name, key, value, "holds a lone surrogate or a number too large to keep");
        });
        return settings;
    }

    private static boolean repeatable(JsonNode value) {
        if (value.isString()) return wellFormed(value.asString());
        if (value.isFloatingPointNumber()) return Double.isFinite(decimal(value));
        return value.valueStream().allMatch(Fields::repeatable);
    }

    /** Said last: what was not asked for is unknown. */
    void noMore() {
        if (!node.isObject()) return;
        for (String name : node.propertyNames())
            if (!known.contains(name))
                wrongAt(
                        at(name),
                        holdsSecrets ? HIDDEN : shown(node.path(name)),
                        "is unknown; known here: " + String.join(", ", new TreeSet<>(known)));
    }
}
