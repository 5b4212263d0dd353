package io.trainyard.http;

import io.javalin.http.Context;
import io.javalin.http.HandlerType;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A request that is answered with an error status; the contract of the path gives it its shape. */
public final class Refusal extends RuntimeException {
    private static final long serialVersionUID = 1;
    private final int status;

    public Refusal(int status, String message) {
        super(message, null, false, false);
        this.status = status;
    }

    /** The path is known, and not to this method: RFC 9110 wants those that it is known to. */
    public static Refusal ofMethod(Context context, HandlerType... known) {
        context.header("Allow", Stream.of(known).map(HandlerType::name).collect(Collectors.joining(", ")));
        return new Refusal(405, "");
    }

    public int status() {
        return status;
    }

    public String message() {
        return String.valueOf(getMessage());
    }
}
