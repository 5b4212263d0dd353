package io.trainyard.wire;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Reads what the client's own library wrote into the request line and head, without second thoughts. */
public final class RawPath {
    private RawPath() {}

    /** Decodes percent-encoding once, as UTF-8; a percent sign that starts no code stands for itself. */
    public static String decode(String raw) {
        if (raw.indexOf('%') < 0) return raw;
        var bytes = new ByteArrayOutputStream(raw.length());
        int i = 0;
        while (i < raw.length()) {
            int high = raw.charAt(i) == '%' && i + 2 < raw.length() ? digit(raw.charAt(i + 1)) : -1;
            int low = high < 0 ? -1 : digit(raw.charAt(i + 2));
            if (low >= 0) {
                bytes.write(high << 4 | low);
                i += 3;
            } else {
                int end = raw.offsetByCodePoints(i, 1);
                bytes.writeBytes(raw.substring(i, end).getBytes(StandardCharsets.UTF_8));
                i = end;
            }
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    private static int digit(char each) {
        return each < 128 ? Character.digit(each, 16) : -1;
    }

    /** Whether a body of this media type is read as JSON; none counts as JSON. */
    public static boolean mayBeJson(@Nullable String contentType) {
        if (contentType == null || contentType.isBlank()) return true;
        int end = contentType.indexOf(';');
        String type =
                (end < 0 ? contentType : contentType.substring(0, end)).strip().toLowerCase(Locale.ROOT);
        return type.startsWith("application/") && (type.endsWith("/json") || type.endsWith("+json"));
    }
}
