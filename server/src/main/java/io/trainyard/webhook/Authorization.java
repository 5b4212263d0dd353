package io.trainyard.webhook;

import java.util.Optional;

/** The header that receivers know this server by: sent as its owner wrote it, so it must be sendable. */
public final class Authorization {
    private static final int MAX_CHARACTERS = 4096;

    private Authorization() {}

    /** What is wrong with a value; it is not repeated, for it is a secret. */
    public static Optional<String> objection(String value) {
        boolean sendable = value.length() <= MAX_CHARACTERS && value.chars().allMatch(c -> c >= ' ' && c <= '~');
        return sendable
                ? Optional.empty()
                : Optional.of("at most %d printable ASCII characters are wanted".formatted(MAX_CHARACTERS));
    }
}
