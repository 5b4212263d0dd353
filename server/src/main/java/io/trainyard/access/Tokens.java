package io.trainyard.access;

import io.javalin.http.Context;
import io.trainyard.http.Refusal;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The server's token, shown as {@code X-TRAINER-TOKEN} or {@code Authorization: Bearer}; without one everybody may. */
public final class Tokens {
    public static final String HEADER = "X-TRAINER-TOKEN";
    private static final String BEARER = "Bearer ";
    private final Optional<byte[]> expected;

    public Tokens(Optional<String> token) {
        expected = token.filter(text -> !text.isEmpty()).map(Tokens::digest);
    }

    public enum Verdict {
        ALLOWED,
        MISSING,
        WRONG
    }

    public boolean required() {
        return expected.isPresent();
    }

    /**
     * In the words of the published contracts; to be asked before a body is read.
     *
     * @throws Refusal 401 without a token, 403 with a wrong one
     */
    public void require(Context context) {
        switch (check(context.header(HEADER), context.header("Authorization"))) {
            case ALLOWED -> {}
            case MISSING -> throw new Refusal(401, "Missing " + HEADER + " header");
            case WRONG -> throw new Refusal(403, "Invalid trainer API token");
        }
    }

    /** Takes the same time for every wrong token. */
    public Verdict check(@Nullable String header, @Nullable String authorization) {
        if (expected.isEmpty()) return Verdict.ALLOWED;
        String shown = header != null && !header.isEmpty() ? header : bearer(authorization);
        if (shown == null) return Verdict.MISSING;
        return MessageDigest.isEqual(expected.get(), digest(shown)) ? Verdict.ALLOWED : Verdict.WRONG;
    }

    private static @Nullable String bearer(@Nullable String authorization) {
        if (authorization == null || !authorization.regionMatches(true, 0, BEARER, 0, BEARER.length())) return null;
        String token = authorization.substring(BEARER.length()).strip();
        return token.isEmpty() ? null : token;
    }

    /** Equal lengths, so that not even the length of the token can be timed. */
    private static byte[] digest(String token) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8));
        } catch (java.security.NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
