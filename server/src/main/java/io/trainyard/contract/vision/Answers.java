package io.trainyard.contract.vision;

import io.trainyard.job.Event;
import io.trainyard.job.Job;
import io.trainyard.job.JobState;
import io.trainyard.job.JobState.Then;
import io.trainyard.job.Outcome;
import io.trainyard.job.Wish;
import io.trainyard.store.Logs;
import io.trainyard.wire.Json;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** Writes answers: a job in this contract's words. */
final class Answers {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
    private static final String CANCELLED = "cancelled";
    private static final String RENDERED =
            "the Kubernetes Job was rendered and not submitted: this server submits none; its manifest is at /api/v1/jobs/";

    private Answers() {}

    /** A state in this contract's words. */
    record Status(String word, Optional<String> error) {
        static Status of(String word) {
            return new Status(word, Optional.empty());
        }
    }

    /** As the platform says it: pending, running, completed, failed, cancelled. What waits counts as running. */
    static Status status(Job job) {
        if (!job.state().ended() && job.wish().ends()) return Status.of(CANCELLED);
        return switch (job.state()) {
            case JobState.Paused _ -> Status.of(job.wish() == Wish.RUN ? "running" : "pending");
            case JobState.Queued _, JobState.Launching _, JobState.Running _ -> Status.of("running");
            case JobState.Stopping stopping -> Status.of(stopping(stopping.then()));
            case JobState.Done done -> done(job, done.outcome());
        };
    }

    /** Only a cancel is certain before it is done: the others wait for the last word. */
    private static String stopping(Then then) {
        return switch (then) {
            case Then.Finish(Outcome.Cancelled _) -> CANCELLED;
            case Then.Finish _, Then.Retry _, Then.Pause _ -> "running";
        };
    }

    private static Status done(Job job, Outcome outcome) {
        return switch (outcome) {
            case Outcome.Succeeded _ -> Status.of("completed");
            case Outcome.Failed failed -> new Status("failed", Optional.of(failed.detail()));
            case Outcome.Cancelled _ -> Status.of(CANCELLED);
            // Nothing was trained and nothing will be: whoever waits for an end is told.
            case Outcome.Rendered _ -> new Status("failed", Optional.of(RENDERED + job.id()));
        };
    }

    /** As the Training Service says it. */
    static String serviceWord(Job job) {
        String word = status(job).word();
        return word.equals(CANCELLED) ? "stopped" : word;
    }

    static long id(Job job) {
        return Long.parseLong(job.identity().clientId().orElseThrow());
    }

    static ObjectNode job(Job job) {
        Status status = status(job);
        ObjectNode out = JSON.objectNode().put("id", id(job)).put("job_id", id(job));
        Request request = Request.kept(job.request(), job.identity().clientId());
        for (var entry : request.body().properties()) out.set(entry.getKey(), entry.getValue());
        out.put("executor_type", job.backend().equals("kubernetes") ? "kubernetes" : "subprocess");
        out.put("execution_id", job.id().value());
        out.put("status", status.word());
        set(out, "error_message", status.error());
        out.put("created_at", job.created().toString());
        out.put("updated_at", job.updated().toString());
        set(
                out,
                "completed_at",
                job.state() instanceof JobState.Done done
                        ? Optional.of(done.at().toString())
                        : Optional.empty());
        if (!job.warnings().isEmpty()) job.warnings().forEach(out.putArray("warnings")::add);
        return out;
    }

    private static void set(ObjectNode out, String name, Optional<String> text) {
        if (text.isPresent()) out.put(name, text.get());
        else out.putNull(name);
    }

    static ObjectNode service(Job job) {
        ObjectNode out = JSON.objectNode().put("job_id", id(job)).put("status", serviceWord(job));
        set(out, "error", status(job).error());
        return out;
    }

    /** @param next the number to ask from for what follows */
    static ObjectNode lines(Job job, List<Logs.Line> lines, long next) {
        ObjectNode out = JSON.objectNode().put("job_id", id(job));
        var list = out.putArray("logs");
        for (Logs.Line line : lines)
            list.addObject()
                    .put("number", line.number())
                    .put("timestamp", line.at().toString())
                    .put("attempt", line.attempt())
                    .put("stream", line.stream())
                    .put("message", line.text());
        return out.put("next", next);
    }

    static ObjectNode checkpoints(Job job, List<Event> events) {
        ObjectNode out = JSON.objectNode().put("job_id", id(job));
        var list = out.putArray("checkpoints");
        for (Event event : events)
            if (event.kind() == Event.Kind.CHECKPOINT)
                list.addObject()
                        .put("created_at", event.at().toString())
                        .put("attempt", event.attempt().orElse(0))
                        .put("detail", event.message());
        return out;
    }

    /** One message of a WebSocket. */
    static String event(Job job, Event event) {
        return Json.text(
                JSON.objectNode()
                        .put("type", "job_event")
                        .put("job_id", id(job))
                        .put("event", event.kind().name().toLowerCase(Locale.ROOT))
                        .put("status", status(job).word())
                        .put("message", event.message())
                        .put("sequence", event.sequence())
                        .put("timestamp", event.at().toString()),
                Json.Style.WHOLE);
    }

    static byte[] bytes(JsonNode body) {
        return Json.bytes(body, Json.Style.WHOLE);
    }
}
