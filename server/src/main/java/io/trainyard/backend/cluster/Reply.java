package io.trainyard.backend.cluster;

import io.trainyard.backend.Backend;
import java.io.InputStream;
import tools.jackson.databind.JsonNode;

/** What came of a call. */
public sealed interface Reply {
    record Ok(JsonNode body) implements Reply {}

    /**
     * Answered with a refusal.
     *
     * @param word such as {@code Forbidden}
     */
    record Refused(int status, String word, String message) implements Reply {
        public boolean missing() {
            return status == 404;
        }

        public boolean alreadyExists() {
            return status == 409 && word.equals("AlreadyExists");
        }

        /** Says nothing about what was asked: look again later. */
        public boolean passing() {
            return status == 401 || status == 408 || status == 410 || status == 429 || status >= 500;
        }

        /**
         * We may not, which says nothing about what was asked: somebody will give the right, or the server has just
         * started and has not read all roles. A quota or a policy that forbids is worded otherwise.
         */
        public boolean unauthorized() {
            return status == 403 && message.contains("is forbidden: User ") && message.contains(" cannot ");
        }
    }

    /** The connection failed before a byte of the request was sent. */
    record NotSent(String why) implements Reply {}

    /** No answer, or none that can be understood: it may have been done. */
    record Unanswered(String why) implements Reply {}

    default Backend.Unreachable unreachable() {
        return new Backend.Unreachable(
                switch (this) {
                    case Ok ok -> throw new IllegalStateException("answered: " + ok);
                    case Refused refused ->
                        "the API server answers %d %s: %s"
                                .formatted(refused.status(), refused.word(), refused.message());
                    case NotSent notSent -> "the API server is out of reach: " + notSent.why();
                    case Unanswered unanswered -> "the API server gave no answer: " + unanswered.why();
                });
    }

    /** The body; whatever else came is no answer to what was asked. */
    default JsonNode body() {
        if (this instanceof Ok(JsonNode body)) return body;
        throw unreachable();
    }

    /** What came of asking for something that goes on and on. */
    sealed interface Opened {
        /** Closed by whoever reads it. */
        record Stream(InputStream lines) implements Opened {}

        record Failed(Reply why) implements Opened {}
    }
}
