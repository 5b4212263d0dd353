package io.trainyard.backend.trainer;

import io.trainyard.job.Cause;
import io.trainyard.job.Observation.Ending.Failure;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What our trainer said last. It goes before the exit code, which under {@code torchrun} says nothing. */
public final class LastEvent {
    private static final JsonMapper JSON = new JsonMapper();

    private LastEvent() {}

    /** @param text the termination message, or the last lines of output, of which the last counts */
    public static Optional<Failure> failure(String text) {
        String stripped = text.strip();
        String last = stripped.substring(stripped.lastIndexOf('\n') + 1);
        if (!last.startsWith("{")) return Optional.empty();
        try {
            JsonNode event = JSON.readTree(last);
            return switch (event.path("event").asString("")) {
                case "failed" ->
                    Optional.of(new Failure(
                            cause(event.path("kind").asString("")),
                            event.path("message").asString("the trainer failed and did not say why")));
                case "interrupted" -> Optional.of(interrupted(event));
                default -> Optional.empty();
            };
        } catch (JacksonException noEvent) {
            return Optional.empty();
        }
    }

    private static Failure interrupted(JsonNode event) {
        String step = event.path("step").asString("?");
        return switch (event.path("reason").asString("")) {
            case "max_duration" ->
                new Failure(Cause.DEADLINE, "stopped at step %s, its longest duration is over".formatted(step));
            case "preempted" -> new Failure(Cause.PREEMPTED, "stopped at step %s, its machine goes".formatted(step));
            default -> new Failure(Cause.INTERRUPTED, "interrupted at step " + step);
        };
    }

    private static Cause cause(String kind) {
        return switch (kind) {
            case "config" -> Cause.BAD_CONFIGURATION;
            case "oom" -> Cause.OUT_OF_MEMORY;
            case "data" -> Cause.BAD_DATA;
            case "storage" -> Cause.STORAGE;
            case "unsupported" -> Cause.UNSUPPORTED;
            default -> Cause.EXIT_CODE; // kinds are open
        };
    }
}
