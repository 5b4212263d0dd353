package io.trainyard.wire;

import io.trainyard.wire.Problem.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/**
 * Single values, read as the first implementation read them as long as nothing is lost: {@code "8"} is 8 and 12345 is
 * {@code "12345"}, but 1.5 or true is no integer. Each answers the value as it should have been, or null after telling
 * the checker what is wrong with it.
 */
public final class Scalars {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
    private static final int MAX_URL_CHARACTERS = 2083;
    private static final int MAX_NUMBER_CHARACTERS = 400;
    private static final Set<String> YES = Set.of("1", "on", "t", "true", "y", "yes");
    private static final Set<String> NO = Set.of("0", "off", "f", "false", "n", "no");

    private Scalars() {}

    public static @Nullable JsonNode text(Checker checker, Path at, boolean hides, JsonNode in, int minLength) {
        String text = plainText(in);
        if (text == null) return checker.wrong(at, in, hides, "str type expected", "type_error.str");
        if (text.length() < minLength) return tooShort(checker, at, hides, in, minLength);
        return in.isString() ? in : JSON.stringNode(text);
    }

    private static @Nullable JsonNode tooShort(Checker checker, Path at, boolean hides, JsonNode in, int least) {
        return checker.wrong(
                at,
                in,
                hides,
                "ensure this value has at least " + least + " characters",
                "value_error.any_str.min_length",
                Map.of("limit_value", least));
    }

    /** Text or a finite number as text; null for anything else. */
    public static @Nullable String plainText(JsonNode in) {
        if (in.isString()) return in.stringValue();
        if (in.isIntegralNumber()) return in.bigIntegerValue().toString();
        if (in.isNumber() && Double.isFinite(in.doubleValue()))
            return in.decimalValue().toPlainString();
        return null;
    }

    /** A scalar as the first implementation printed it; null for anything else. */
    public static @Nullable String printed(JsonNode value) {
        if (value.isBoolean()) return value.booleanValue() ? "True" : "False";
        return plainText(value);
    }

    public static @Nullable JsonNode whole(Checker checker, Path at, boolean hides, JsonNode in, Fields.Whole kind) {
        Long value = wholeOf(in);
        if (value == null) return checker.wrong(at, in, hides, "value is not a valid integer", "type_error.integer");
        if (value < kind.min()) return least(checker, at, hides, in, kind.min());
        if (value > kind.max()) return most(checker, at, hides, in, kind.max());
        return in.isInt() ? in : JSON.numberNode(value.intValue());
    }

    /** The number, pinned to the range of a long; null when it is none or not whole. */
    public static @Nullable Long wholeOf(JsonNode in) {
        if (in.isIntegralNumber())
            return in.canConvertToLong()
                    ? in.longValue()
                    : (in.bigIntegerValue().signum() > 0 ? Long.MAX_VALUE : Long.MIN_VALUE);
        if (in.isNumber()) {
            double value = in.doubleValue();
            return Double.isFinite(value) && value == Math.rint(value) ? (Long) (long) value : null;
        }
        return in.isString() ? wholeOf(in.stringValue().strip()) : null;
    }

    public static @Nullable Long wholeOf(String text) {
        int start = !text.isEmpty() && (text.charAt(0) == '-' || text.charAt(0) == '+') ? 1 : 0;
        if (text.length() == start) return null;
        for (int i = start; i < text.length(); i++) {
            if (text.charAt(i) < '0' || text.charAt(i) > '9') return null;
        }
        if (text.length() - start > 18) return text.charAt(0) == '-' ? Long.MIN_VALUE : Long.MAX_VALUE;
        return Long.valueOf(text);
    }

    public static @Nullable JsonNode number(Checker checker, Path at, boolean hides, JsonNode in, Fields.Decimal kind) {
        Double value = decimalOf(in);
        if (value == null) return checker.wrong(at, in, hides, "value is not a valid float", "type_error.float");
        if (!Double.isFinite(value))
            return checker.wrong(
                    at, in, hides, "ensure this value is a finite number", "value_error.number.not_finite_number");
        if (kind.open() && value <= kind.min())
            return checker.wrong(
                    at,
                    in,
                    hides,
                    "ensure this value is greater than " + (int) kind.min(),
                    "value_error.number.not_gt",
                    Map.of("limit_value", (int) kind.min()));
        if (value < kind.min()) return least(checker, at, hides, in, (int) kind.min());
        if (value > kind.max()) return most(checker, at, hides, in, (int) kind.max());
        return in.isNumber() ? in : JSON.numberNode(value);
    }

    /** The number, infinite or none at all included; null for what is not meant as one. */
    public static @Nullable Double decimalOf(JsonNode in) {
        return in.isNumber() ? (Double) in.doubleValue() : in.isString() ? doubleOf(in.stringValue()) : null;
    }

    private static @Nullable Double doubleOf(String text) {
        String number = text.strip();
        if (number.isEmpty() || number.length() > MAX_NUMBER_CHARACTERS) return null;
        String lower = number.toLowerCase(Locale.ROOT);
        if (lower.endsWith("nan") || lower.endsWith("inf") || lower.endsWith("infinity")) return Double.NaN;
        for (int i = 0; i < number.length(); i++) {
            // Double.valueOf alone would also take 1d and 0x1p3.
            if ("0123456789+-.eE".indexOf(number.charAt(i)) < 0) return null;
        }
        try {
            return Double.valueOf(number);
        } catch (NumberFormatException notOne) {
            return null;
        }
    }

    private static @Nullable JsonNode least(Checker checker, Path at, boolean hides, JsonNode in, int limit) {
        return checker.wrong(
                at,
                in,
                hides,
                "ensure this value is greater than or equal to " + limit,
                "value_error.number.not_ge",
                Map.of("limit_value", limit));
    }

    private static @Nullable JsonNode most(Checker checker, Path at, boolean hides, JsonNode in, int limit) {
        return checker.wrong(
                at,
                in,
                hides,
                "ensure this value is less than or equal to " + limit,
                "value_error.number.not_le",
                Map.of("limit_value", limit));
    }

    public static @Nullable JsonNode flag(Checker checker, Path at, boolean hides, JsonNode in) {
        if (in.isBoolean()) return in;
        String word = plainText(in);
        if (word != null) word = word.toLowerCase(Locale.ROOT);
        if (word != null && YES.contains(word)) return JSON.booleanNode(true);
        if (word != null && NO.contains(word)) return JSON.booleanNode(false);
        return checker.wrong(at, in, hides, "value could not be parsed to a boolean", "type_error.bool");
    }

    public static @Nullable JsonNode choice(Checker checker, Path at, boolean hides, JsonNode in, List<String> words) {
        if (in.isString() && words.contains(in.stringValue())) return in;
        return checker.wrong(
                at,
                in,
                hides,
                "unexpected value; permitted: '" + String.join("', '", words) + "'",
                "value_error.const",
                Map.of("permitted", words));
    }

    /** An absolute URL of one of these schemes; the host may be a bare name such as localhost. */
    public static @Nullable JsonNode url(Checker checker, Path at, boolean hides, JsonNode in, List<String> schemes) {
        if (!in.isString()) return checker.wrong(at, in, hides, "str type expected", "type_error.str");
        String url = in.stringValue();
        if (url.isEmpty()) return tooShort(checker, at, hides, in, 1);
        if (url.length() > MAX_URL_CHARACTERS)
            return checker.wrong(
                    at,
                    in,
                    hides,
                    "ensure this value has at most " + MAX_URL_CHARACTERS + " characters",
                    "value_error.any_str.max_length",
                    Map.of("limit_value", MAX_URL_CHARACTERS));
        int colon = url.indexOf("://");
        if (colon <= 0) return checker.wrong(at, in, hides, "invalid or missing URL scheme", "value_error.url.scheme");
        if (!schemes.contains(url.substring(0, colon).toLowerCase(Locale.ROOT)))
            return checker.wrong(
                    at,
                    in,
                    hides,
                    "URL scheme not permitted",
                    "value_error.url.scheme",
                    Map.of("allowed_schemes", schemes));
        if (url.chars().anyMatch(c -> c <= ' ' || c == 0x7F))
            return checker.wrong(
                    at,
                    in,
                    hides,
                    "URL invalid, blanks and control characters are not allowed",
                    "value_error.url.extra");
        String complaint = hostComplaint(url, colon + 3);
        return complaint == null ? in : checker.wrong(at, in, hides, complaint, "value_error.url.host");
    }

    private static @Nullable String hostComplaint(String url, int start) {
        int end = url.length();
        for (int i = start; i < end; i++) {
            if ("/?#".indexOf(url.charAt(i)) >= 0) end = i;
        }
        int host = url.lastIndexOf('@', end - 1) >= start ? url.lastIndexOf('@', end - 1) + 1 : start;
        int bracket = host < end && url.charAt(host) == '[' ? url.indexOf(']', host) : -1;
        int colon = url.indexOf(':', Math.max(host, bracket));
        int hostEnd = colon >= 0 && colon < end ? colon : end;
        if (hostEnd == host) return "URL host invalid";
        if (bracket >= 0) return bracket + 1 == hostEnd && bracket < end ? port(url, hostEnd, end) : "URL host invalid";
        for (int i = host; i < hostEnd; i++) {
            char each = url.charAt(i);
            if (!Character.isLetterOrDigit(each) && "-._".indexOf(each) < 0 && !Character.isSurrogate(each))
                return "URL host invalid";
        }
        return port(url, hostEnd, end);
    }

    private static @Nullable String port(String url, int colon, int end) {
        if (colon == end) return null;
        Long port = wholeOf(url.substring(colon + 1, end));
        return port == null || port < 0 || port > 65535 ? "URL port invalid" : null;
    }

    /** The first characters, never half a surrogate pair. */
    public static String cut(String text, int characters) {
        if (text.length() <= characters) return text;
        int end = Character.isHighSurrogate(text.charAt(characters - 1)) ? characters - 1 : characters;
        return text.substring(0, end) + "…";
    }
}
