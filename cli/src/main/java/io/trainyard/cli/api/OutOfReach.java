package io.trainyard.cli.api;

/** No server, a broken one, or something at its address that is none; the message is for people. */
public final class OutOfReach extends RuntimeException {
    public OutOfReach(String message) {
        super(message);
    }
}
