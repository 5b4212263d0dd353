package io.trainyard.cli.session;

/** What was typed cannot be done; the message says what to type. */
public final class Usage extends RuntimeException {
    public Usage(String message) {
        super(message);
    }
}
