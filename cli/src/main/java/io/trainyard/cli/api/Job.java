package io.trainyard.cli.api;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/** A job as the server answered it; the document is kept, so that {@code --json} shows all of it. */
public record Job(JsonNode json) {
    public String id() {
        return Json.text(json, "id");
    }

    /** Without the {@code job_} that all ids share. */
    public String bareId() {
        return id().startsWith("job_") ? id().substring(4) : id();
    }

    public String name() {
        return Json.text(json, "name");
    }

    public State state() {
        return State.of(Json.text(json, "state"));
    }

    /** Another field as text, empty when absent. */
    public String text(String field) {
        return Json.text(json, field);
    }

    /** Why it waits, or why it ended as it did; empty when there is nothing to say. */
    public String why() {
        String reason = Json.text(json.path("reason"), "sentence");
        if (!reason.isEmpty()) return reason;
        String cause = text("cause");
        String detail = text("detail");
        if (cause.isEmpty()) return detail;
        return detail.isEmpty() ? cause : cause + ": " + detail;
    }

    public Instant createdAt() {
        return instant("created_at").orElse(Instant.EPOCH);
    }

    public Optional<Instant> instant(String field) {
        String text = text(field);
        return text.isEmpty() ? Optional.empty() : Optional.of(Instant.parse(text));
    }

    public Duration ran() {
        return Duration.ofMillis((long) (Json.number(json, "ran_seconds").orElse(0.0) * 1000));
    }

    public List<String> warnings() {
        return Json.texts(json.path("warnings"));
    }

    public Optional<Progress> progress() {
        JsonNode progress = json.path("progress");
        return progress.isObject() ? Optional.of(new Progress(progress)) : Optional.empty();
    }

    /** Processes that write a log together. */
    public long ranks() {
        JsonNode resources = json.path("spec").path("resources");
        return Json.whole(resources, "nodes").orElse(1L)
                * Json.whole(resources, "processes_per_node").orElse(1L);
    }

    /** How far the training is. */
    public record Progress(JsonNode json) {
        public long step() {
            return Json.whole(json, "step").orElse(0L);
        }

        public Optional<Long> totalSteps() {
            return Json.whole(json, "total_steps");
        }

        public Optional<Double> percentage() {
            return Json.number(json, "percentage");
        }

        public Optional<Duration> remaining() {
            return Json.number(json, "remaining_seconds").map(seconds -> Duration.ofMillis((long) (seconds * 1000)));
        }

        public Optional<Long> checkpointStep() {
            return Json.whole(json, "checkpoint_step");
        }

        public Map<String, Double> metrics() {
            return Json.numbers(json.path("metrics"));
        }
    }
}
