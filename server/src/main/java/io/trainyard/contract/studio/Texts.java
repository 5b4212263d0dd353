package io.trainyard.contract.studio;

import io.trainyard.wire.Scalars;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Prints JSON values as the first implementation did, which was JavaScript's way. */
final class Texts {
    /** From this exponent on, and below its counterpart, numbers are written with one. */
    private static final int MAX_PLAIN_EXPONENT = 21;

    private static final int MIN_PLAIN_EXPONENT = -7;
    private static final int MAX_SHOWN_CHARACTERS = 60;

    private Texts() {}

    /** Text, a number or a boolean; nothing for anything else. */
    static Optional<String> scalar(JsonNode value) {
        if (value.isString()) return Optional.of(value.stringValue());
        if (value.isBoolean()) return Optional.of(Boolean.toString(value.booleanValue()));
        if (value.isIntegralNumber()) return Optional.of(value.bigIntegerValue().toString());
        return value.isNumber() && Double.isFinite(value.doubleValue())
                ? Optional.of(number(value.doubleValue()))
                : Optional.empty();
    }

    /** Text or a number, which loses nothing as text; nothing for anything else. */
    static Optional<String> text(@Nullable JsonNode value) {
        return value == null || value.isBoolean() ? Optional.empty() : scalar(value);
    }

    static String number(double value) {
        if (value == 0) return "0";
        var exact = new BigDecimal(Double.toString(value)).stripTrailingZeros();
        int exponent = exact.precision() - exact.scale() - 1;
        if (exponent >= MIN_PLAIN_EXPONENT + 1 && exponent < MAX_PLAIN_EXPONENT) return exact.toPlainString();
        String digits = exact.unscaledValue().abs().toString();
        String fraction = digits.length() > 1 ? "." + digits.substring(1) : "";
        return (value < 0 ? "-" : "") + digits.charAt(0) + fraction + "e" + (exponent < 0 ? "-" : "+")
                + Math.abs(exponent);
    }

    /** A list's items by comma; nothing when an object is among them. */
    static Optional<String> joined(JsonNode list) {
        var items = new ArrayList<String>();
        for (JsonNode item : list) {
            Optional<String> text = item.isArray() ? joined(item) : item.isNull() ? Optional.of("") : scalar(item);
            if (text.isEmpty()) return text;
            items.add(text.get());
        }
        return Optional.of(String.join(",", items));
    }

    /** What kind of thing it is, for a refusal; the value itself only where it is short and no text. */
    static String kind(JsonNode value) {
        return switch (value.getNodeType()) {
            case OBJECT -> "an object";
            case ARRAY -> "a list";
            case STRING -> "text";
            case BOOLEAN -> Boolean.toString(value.booleanValue());
            case NUMBER -> "the number " + Scalars.cut(value.asString(), MAX_SHOWN_CHARACTERS);
            case NULL, MISSING, BINARY, POJO -> "null";
        };
    }

    static String shown(String text) {
        return Scalars.cut(text, MAX_SHOWN_CHARACTERS);
    }

    static List<String> warnings(List<String> warnings, int most) {
        if (warnings.size() <= most) return List.copyOf(warnings);
        var cut = new ArrayList<>(warnings.subList(0, most));
        cut.add("and " + (warnings.size() - most) + " more");
        return cut;
    }
}
