package io.trainyard.cli.api;

import java.time.Instant;
import java.util.Locale;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/** One line of a job's history. */
public record JobEvent(JsonNode json) {
    private static final Set<String> TERMINAL = Set.of("succeeded", "failed", "cancelled", "rendered");

    public long sequence() {
        return Json.whole(json, "sequence").orElse(0L);
    }

    public Instant at() {
        return Instant.parse(Json.text(json, "at"));
    }

    public String kind() {
        return Json.text(json, "kind").toLowerCase(Locale.ROOT);
    }

    public String message() {
        return Json.text(json, "message");
    }

    public boolean terminal() {
        return TERMINAL.contains(kind());
    }
}
