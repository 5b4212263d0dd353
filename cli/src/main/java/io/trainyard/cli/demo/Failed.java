package io.trainyard.cli.demo;

/** The demo did not show what it should; the message says what happened instead. */
final class Failed extends RuntimeException {
    Failed(String message) {
        super(message);
    }
}
