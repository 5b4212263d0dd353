package io.trainyard.backend.cluster;

import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/** Times as a cluster writes them. */
public final class Times {
    private Times() {}

    public static Optional<Instant> of(JsonNode text) {
        String time = text.asString("");
        if (time.isEmpty()) return Optional.empty();
        try {
            return Optional.of(Instant.parse(time));
        } catch (DateTimeParseException odd) {
            return Optional.empty();
        }
    }

    /** The next pause of somebody who tries again and again. */
    public static Duration doubled(Duration pause, Duration longest) {
        Duration twice = pause.multipliedBy(2);
        return twice.compareTo(longest) < 0 ? twice : longest;
    }

    /** Clocks of two machines differ; nothing has run for less than no time. */
    public static Duration between(Instant from, Instant to) {
        return to.isBefore(from) ? Duration.ZERO : Duration.between(from, to);
    }
}
