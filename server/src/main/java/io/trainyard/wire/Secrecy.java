package io.trainyard.wire;

import java.util.Collection;
import java.util.Locale;
import java.util.regex.Pattern;

/** Which names stand for secret values. */
public final class Secrecy {
    /** Shorter values are no secrets, and would be found in ordinary text. */
    private static final int MIN_SECRET_CHARACTERS = 4;

    private static final Pattern URL_WITH_PASSWORD =
            Pattern.compile("[A-Za-z][A-Za-z0-9+.-]{0,30}://[^/\\s:@]{0,256}:[^/\\s@]+@");

    private Secrecy() {}

    /** An environment variable that is named like a secret, holds a URL with a password, or repeats a known one. */
    public static boolean looksSecret(String name, String value, Collection<String> known) {
        if (suspiciousVariable(name) || URL_WITH_PASSWORD.matcher(value).find()) return true;
        return known.stream().anyMatch(each -> each.length() >= MIN_SECRET_CHARACTERS && value.contains(each));
    }

    /** Of an environment variable: rather one too many. */
    public static boolean suspiciousVariable(String name) {
        String upper = name.toUpperCase(Locale.ROOT).replace("TOKENIZER", "");
        return upper.contains("TOKEN")
                || upper.contains("SECRET")
                || upper.contains("PASSWORD")
                || upper.contains("PASSWD")
                || upper.contains("CREDENTIAL")
                || upper.contains("KEY");
    }

    /** Of a member of a free object: {@code max_tokens} and {@code key_dim} are knobs. */
    public static boolean suspicious(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        return lower.contains("secret")
                || lower.contains("password")
                || lower.contains("credential")
                || lower.contains("authorization")
                || lower.endsWith("auth")
                || lower.endsWith("token")
                || lower.endsWith("api_key")
                || lower.endsWith("apikey")
                || lower.endsWith("access_key")
                || lower.endsWith("access_key_id")
                || lower.endsWith("private_key");
    }
}
