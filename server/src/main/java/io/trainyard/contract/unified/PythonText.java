package io.trainyard.contract.unified;

import java.math.BigDecimal;
import tools.jackson.databind.JsonNode;

/** Values as Python prints them, which is what the trainers behind this contract were given so far. */
final class PythonText {
    private static final String HEX = "0123456789abcdef";
    /** Python writes floats between these powers of ten without an exponent. */
    private static final int LEAST_PLAIN_EXPONENT = -4;

    private static final int FIRST_WITH_EXPONENT = 16;

    private PythonText() {}

    /** What {@code json.dumps} makes of it: blanks behind separators, nothing beyond ASCII. */
    static String json(JsonNode value) {
        var out = new StringBuilder();
        write(value, out, true);
        return out.toString();
    }

    /** What {@code str} makes of it. */
    static String str(JsonNode value) {
        return value.isString() ? value.stringValue() : repr(value);
    }

    static String repr(JsonNode value) {
        var out = new StringBuilder();
        write(value, out, false);
        return out.toString();
    }

    private static void write(JsonNode value, StringBuilder out, boolean json) {
        switch (value.getNodeType()) {
            case OBJECT -> {
                String separator = "";
                out.append('{');
                for (var entry : value.properties()) {
                    out.append(separator);
                    text(entry.getKey(), out, json);
                    out.append(": ");
                    write(entry.getValue(), out, json);
                    separator = ", ";
                }
                out.append('}');
            }
            case ARRAY -> {
                String separator = "";
                out.append('[');
                for (JsonNode item : value) {
                    out.append(separator);
                    write(item, out, json);
                    separator = ", ";
                }
                out.append(']');
            }
            case STRING -> text(value.stringValue(), out, json);
            case NUMBER -> out.append(number(value));
            case BOOLEAN ->
                out.append(json ? String.valueOf(value.booleanValue()) : value.booleanValue() ? "True" : "False");
            case NULL, MISSING, BINARY, POJO -> out.append(json ? "null" : "None");
        }
    }

    /** The shortest digits that read back as the same float; an exponent has a sign and at least two digits. */
    private static String number(JsonNode value) {
        if (value.isIntegralNumber()) return value.bigIntegerValue().toString();
        double number = value.doubleValue();
        if (number == 0) return 1 / number < 0 ? "-0.0" : "0.0";
        BigDecimal exact = new BigDecimal(Double.toString(number)).stripTrailingZeros();
        int exponent = exact.precision() - exact.scale() - 1;
        if (exponent >= LEAST_PLAIN_EXPONENT && exponent < FIRST_WITH_EXPONENT) {
            String plain = exact.toPlainString();
            return plain.indexOf('.') < 0 ? plain + ".0" : plain;
        }
        String digits = exact.unscaledValue().abs().toString();
        var out = new StringBuilder(exact.signum() < 0 ? "-" : "").append(digits.charAt(0));
        if (digits.length() > 1) out.append('.').append(digits, 1, digits.length());
        out.append('e').append(exponent < 0 ? '-' : '+');
        return out.append(Math.abs(exponent) < 10 ? "0" : "")
                .append(Math.abs(exponent))
                .toString();
    }

    private static void text(String text, StringBuilder out, boolean json) {
        char quote = json || (text.indexOf('\'') >= 0 && text.indexOf('"') < 0) ? '"' : '\'';
        out.append(quote);
        for (int i = 0; i < text.length(); ) {
            int each = text.codePointAt(i);
            i += Character.charCount(each);
            if (each == quote || each == '\\') out.append('\\').append((char) each);
            else if (each == '\n') out.append("\\n");
            else if (each == '\r') out.append("\\r");
            else if (each == '\t') out.append("\\t");
            else if (json && each == '\b') out.append("\\b");
            else if (json && each == '\f') out.append("\\f");
            else if (json ? each < ' ' || each > '~' : !isPrintable(each)) escape(each, out, json);
            else out.appendCodePoint(each);
        }
        out.append(quote);
    }

    private static boolean isPrintable(int each) {
        return switch (Character.getType(each)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR -> false;
            case Character.SPACE_SEPARATOR -> each == ' ';
            default -> true;
        };
    }

    private static void escape(int each, StringBuilder out, boolean json) {
        if (json) {
            for (char half : Character.toChars(each)) hex("\\u", half, 4, out);
        } else if (each <= 0xFF) hex("\\x", each, 2, out);
        else if (each <= 0xFFFF) hex("\\u", each, 4, out);
        else hex("\\U", each, 8, out);
    }

    private static void hex(String prefix, int value, int digits, StringBuilder out) {
        out.append(prefix);
        for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4) out.append(HEX.charAt(value >> shift & 0xF));
    }
}
