package io.trainyard.http;

import io.javalin.http.Context;
import java.nio.charset.StandardCharsets;
import java.util.List;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Refusals in the shape of RFC 9457. */
public record Problem(int status, String title, String detail, List<FieldError> errors) {
    static final String TYPE = "application/problem+json";
    private static final JsonMapper JSON = JsonMapper.builder().build();

    public Problem {
        errors = List.copyOf(errors);
    }

    /** @param value what was sent, as JSON text, shortened; empty for a missing field */
    public record FieldError(String field, String value, String message) {}

    public static Problem of(int status, String detail) {
        return new Problem(status, title(status), detail, List.of());
    }

    public static Problem invalid(List<FieldError> errors) {
        var first = errors.getFirst();
        String more = errors.size() == 1 ? "" : " (and " + (errors.size() - 1) + " more)";
        return new Problem(422, title(422), first.field() + ": " + first.message() + more, errors);
    }

    public void write(Context context) {
        context.status(status).contentType(TYPE).result(json());
    }

    byte[] json() {
        ObjectNode body = JSON.createObjectNode()
                .put("type", "about:blank")
                .put("title", title)
                .put("status", status)
                .put("detail", whole(detail));
        if (!errors.isEmpty()) {
            ArrayNode list = body.putArray("errors");
            for (FieldError error : errors)
                list.addObject()
                        .put("field", whole(error.field()))
                        .put("value", whole(error.value()))
                        .put("message", whole(error.message()));
        }
        return JSON.writeValueAsBytes(body);
    }

    /** Half a character, which a client may send escaped, cannot be written back. */
    private static String whole(String text) {
        return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
    }

    private static String title(int status) {
        return switch (status) {
            case 400 -> "Bad Request";
            case 401 -> "Unauthorized";
            case 403 -> "Forbidden";
            case 404 -> "Not Found";
            case 405 -> "Method Not Allowed";
            case 406 -> "Not Acceptable";
            case 409 -> "Conflict";
            case 413 -> "Content Too Large";
            case 414 -> "URI Too Long";
            case 415 -> "Unsupported Media Type";
            case 421 -> "Misdirected Request";
            case 422 -> "Unprocessable Content";
            case 431 -> "Request Header Fields Too Large";
            case 500 -> "Internal Server Error";
            case 503 -> "Service Unavailable";
            default -> "Error";
        };
    }
}
