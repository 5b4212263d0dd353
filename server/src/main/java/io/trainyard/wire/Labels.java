package io.trainyard.wire;

import io.trainyard.wire.Problem.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/** Labels and annotations as Kubernetes takes them; what it would refuse later is refused here. */
public final class Labels {
    /** Of all keys and values of an object together. */
    public static final int MAX_ANNOTATION_BYTES = 256 * 1024;

    private static final int MAX_NAME_CHARACTERS = 63;
    private static final int MAX_PREFIX_CHARACTERS = 253;
    private static final String NAME_RULE =
            "at most 63 letters, digits, '-', '_' and '.', starting and ending with a letter or digit";
    public static final String VALUE_RULE = NAME_RULE + ", or empty";

    private Labels() {}

    /** In the order given; values that are no text are printed. Annotations are labels with values of any kind. */
    public static Map<String, String> read(JsonNode given, Path at, Checker checker, boolean judgeValues) {
        var read = new LinkedHashMap<String, String>();
        if (!given.isObject()) {
            checker.wrong(at, given, true, "value is not a valid dict", "type_error.dict");
            return read;
        }
        for (var entry : given.properties()) {
            String name = entry.getKey();
            String value = Scalars.printed(entry.getValue());
            if (value == null)
                checker.wrong(at.child(name), entry.getValue(), true, "str type expected", "type_error.str");
            else if (!isKey(name))
                checker.wrong(
                        at.child(name),
                        entry.getValue(),
                        true,
                        "not a key: an optional prefix and '/', then " + NAME_RULE,
                        "value_error.label.key");
            else if (judgeValues && !isValue(value))
                checker.wrong(
                        at.child(name),
                        entry.getValue(),
                        false,
                        "not a label value: " + VALUE_RULE,
                        "value_error.label.value");
            else read.put(name, value);
        }
        return read;
    }

    public static boolean isValue(String value) {
        return value.isEmpty() || isName(value);
    }

    private static boolean isKey(String key) {
        int slash = key.indexOf('/');
        return isName(key.substring(slash + 1)) && (slash < 0 || isPrefix(key.substring(0, slash)));
    }

    private static boolean isPrefix(String prefix) {
        if (prefix.isEmpty() || prefix.length() > MAX_PREFIX_CHARACTERS) return false;
        for (String part : prefix.split("\\.", -1)) {
            boolean plain = !part.isEmpty() && !part.startsWith("-") && !part.endsWith("-");
            if (!plain || !part.chars().allMatch(c -> c == '-' || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')))
                return false;
        }
        return true;
    }

    private static boolean isName(String name) {
        int last = name.length() - 1;
        if (last < 0 || last >= MAX_NAME_CHARACTERS) return false;
        for (int i = 0; i <= last; i++) {
            char each = name.charAt(i);
            boolean plain =
                    (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z') || (each >= '0' && each <= '9');
            if (!plain && (i == 0 || i == last || "-_.".indexOf(each) < 0)) return false;
        }
        return true;
    }
}
