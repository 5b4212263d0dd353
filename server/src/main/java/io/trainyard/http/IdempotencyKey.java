package io.trainyard.http;

import io.javalin.http.Context;
import java.util.Optional;

/** The header by which a client says that two requests are one. */
public final class IdempotencyKey {
    private static final String HEADER = "Idempotency-Key";
    private static final int MAX_CHARACTERS = 255;

    private IdempotencyKey() {}

    /** A blank one counts as none. @throws Refusal 400 when it is too long */
    public static Optional<String> of(Context context) {
        String key = context.header(HEADER);
        if (key == null || key.isBlank()) return Optional.empty();
        if (key.length() > MAX_CHARACTERS)
            throw new Refusal(400, HEADER + ": longer than " + MAX_CHARACTERS + " characters");
        return Optional.of(key);
    }
}
