package io.trainyard.backend.causes;

import io.trainyard.backend.cluster.Times;
import java.time.Instant;
import java.util.Optional;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/** What is kept of an event of the cluster: the newest of a row of equal ones. */
public record Notice(String kind, String name, String reason, String message, Instant at) {
    public static Notice of(JsonNode event) {
        Optional<Instant> at = Stream.of("/series/lastObservedTime", "/lastTimestamp", "/eventTime", "/firstTimestamp")
                .map(path -> Times.of(event.at(path)))
                .flatMap(Optional::stream)
                .findFirst();
        return new Notice(
                event.at("/involvedObject/kind").asString(""),
                event.at("/involvedObject/name").asString(""),
                event.path("reason").asString(""),
                event.path("message").asString(""),
                at.orElse(Instant.EPOCH));
    }
}
