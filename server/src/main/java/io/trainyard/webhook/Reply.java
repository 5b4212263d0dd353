package io.trainyard.webhook;

import java.util.Optional;

/** What came back from a receiver. */
sealed interface Reply {
    /**
     * @param retryAfter the header, as it came
     * @param text the beginning of the body
     */
    record Answered(int status, Optional<String> retryAfter, String text) implements Reply {}

    /** @param why a sentence; nothing is known of what the receiver did */
    record Unanswered(String why) implements Reply {}

    /** This server does not post there. */
    record Forbidden(String why) implements Reply {}
}
