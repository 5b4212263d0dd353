package io.trainyard.wire;

import java.util.Locale;

/** Which names stand for secret values. */
public final class Secrecy {
    private Secrecy() {}

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
