package io.trainyard.backend.vertex;

import io.trainyard.backend.Backend;
import tools.jackson.databind.JsonNode;

/** What came of a call. */
sealed interface Reply {
    record Ok(JsonNode body) implements Reply {}

    /**
     * Answered with a refusal.
     *
     * @param word such as {@code PERMISSION_DENIED}
     * @param message with the reason in the details where there is one
     */
    record Refused(int status, String word, String message) implements Reply {
        /** Says nothing about what was asked: look again later. */
        boolean passing() {
            return status == 401 || status == 408 || status == 429 || status >= 500;
        }
    }

    /** The connection or the token failed before a byte of the request was sent. */
    record NotSent(String why) implements Reply {}

    /** No answer, or none that can be understood: it may have been done. */
    record Unanswered(String why) implements Reply {}

    default Backend.Unreachable unreachable() {
        return switch (this) {
            case Ok ok -> throw new IllegalStateException("answered: " + ok);
            case Refused refused ->
                new Backend.Unreachable(
                        "Vertex AI answers %d %s: %s".formatted(refused.status(), refused.word(), refused.message()));
            case NotSent notSent -> new Backend.Unreachable("Vertex AI is out of reach: " + notSent.why());
            case Unanswered unanswered -> new Backend.Unreachable("Vertex AI gave no answer: " + unanswered.why());
        };
    }
}
