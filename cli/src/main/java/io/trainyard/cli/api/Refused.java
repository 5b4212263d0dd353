package io.trainyard.cli.api;

import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/** The server answered with a 4xx. Reads RFC 9457 problems and the error shapes of the other contracts. */
public final class Refused extends RuntimeException {
    private static final String INVALID = "the request is not valid";

    private final int status;
    private final List<String> details;

    private Refused(int status, String message, List<String> details) {
        super(message);
        this.status = status;
        this.details = List.copyOf(details);
    }

    static Refused of(Answer answer) {
        JsonNode body = answer.body();
        var details = new ArrayList<String>();
        for (JsonNode error : body.path("errors")) {
            // Our own API shows what was sent as JSON text already.
            details.add(line(Json.text(error, "field"), Json.text(error, "value"), Json.text(error, "message")));
        }
        String message = details.isEmpty()
                ? first(Json.text(body, "detail"), Json.text(body, "title"), Json.text(body, "error"))
                : INVALID;
        JsonNode list = body.path("detail");
        if (list.isArray()) { // the validation list of the trainer contract
            message = INVALID;
            for (JsonNode error : list) {
                String given = error.path("input").isMissingNode()
                                || error.path("input").isNull()
                        ? ""
                        : error.path("input").toString();
                details.add(line(place(error.path("loc")), given, Json.text(error, "msg")));
            }
        }
        if (message.isEmpty()) message = "the server answered " + answer.status();
        return new Refused(answer.status(), message, details);
    }

    private static String line(String field, String value, String message) {
        String given = value.isEmpty() ? "" : " = " + value;
        return field.isEmpty() ? message : field + given + ": " + message;
    }

    private static String place(JsonNode location) {
        var words = new ArrayList<String>();
        for (JsonNode word : location) if (!word.asString("").equals("body")) words.add(word.asString(""));
        return String.join(".", words);
    }

    private static String first(String... candidates) {
        for (String candidate : candidates) if (!candidate.isEmpty()) return candidate;
        return "";
    }

    public int status() {
        return status;
    }

    /** One line a field: its name, the value we sent and what is wrong with it. */
    public List<String> details() {
        return details;
    }
}
