package io.trainyard.wire;

import java.util.Locale;
import java.util.regex.Pattern;

/** Names as a cluster takes them, out of what clients call their jobs. */
public final class Names {
    public static final int MAX_CHARACTERS = 63;

    private static final Pattern DNS_NAME =
            Pattern.compile("[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*");
    private static final Pattern VARIABLE = Pattern.compile("[A-Za-z_][A-Za-z0-9_.-]*");

    private Names() {}

    /** Whether a cluster takes it as the name of an object; never longer than one label. */
    public static boolean isDnsName(String name) {
        return name.length() <= MAX_CHARACTERS && DNS_NAME.matcher(name).matches();
    }

    /** Whether a cluster takes it as the name of an environment variable. */
    public static boolean isVariable(String name) {
        return VARIABLE.matcher(name).matches();
    }

    /**
     * Lower case, every run of other characters as one dash, a letter first, at most {@link #MAX_CHARACTERS}.
     *
     * @param prefix what an empty name becomes, and what goes before one that starts with no letter
     */
    public static String sanitized(String wish, String prefix) {
        String lower = wish.toLowerCase(Locale.ROOT);
        var name = new StringBuilder(lower.length() + prefix.length() + 1);
        for (int i = 0; i < lower.length(); i++) {
            char each = lower.charAt(i);
            if (isPlain(each)) name.append(each);
            else if (i == 0 || isPlain(lower.charAt(i - 1))) name.append('-');
        }
        int start = 0;
        while (start < name.length() && name.charAt(start) == '-') start++;
        name.delete(0, start);
        trimEnd(name);
        if (name.isEmpty()) name.append(prefix);
        if (name.charAt(0) < 'a') name.insert(0, prefix + "-");
        if (name.length() > MAX_CHARACTERS) name.setLength(MAX_CHARACTERS);
        trimEnd(name);
        return name.toString();
    }

    private static boolean isPlain(char each) {
        return (each >= 'a' && each <= 'z') || (each >= '0' && each <= '9') || each == '-';
    }

    private static void trimEnd(StringBuilder name) {
        while (!name.isEmpty() && name.charAt(name.length() - 1) == '-') name.setLength(name.length() - 1);
    }
}
