package io.trainyard.http;

/** A request that is answered with an error status; the contract of the path gives it its shape. */
public final class Refusal extends RuntimeException {
    private static final long serialVersionUID = 1;
    private final int status;

    public Refusal(int status, String message) {
        super(message, null, false, false);
        this.status = status;
    }

    public int status() {
        return status;
    }

    public String message() {
        return String.valueOf(getMessage());
    }
}
