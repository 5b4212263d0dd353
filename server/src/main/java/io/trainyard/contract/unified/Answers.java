package io.trainyard.contract.unified;

import io.trainyard.job.Handle;
import io.trainyard.job.Job;
import io.trainyard.job.JobState;
import io.trainyard.job.JobState.Then;
import io.trainyard.job.Outcome;
import io.trainyard.job.Reason;
import io.trainyard.store.Logs;
import io.trainyard.wire.Json;
import java.io.ByteArrayOutputStream;
import java.util.List;
import java.util.Optional;
import tools.jackson.core.JsonGenerator;
import tools.jackson.databind.JsonNode;

/** Writes answers: a job in this contract's words. */
final class Answers {
    private static final String SUBMITTED = "PyTorchJob submitted";
    private static final String STOPPING = "PyTorchJob cancellation requested, stopping…";

    private Answers() {}

    /** A state in this contract's words. */
    record Status(String word, String detail) {}

    /** Which run a job is of, as its request said. */
    record RunOf(String framework, String runId) {
        static RunOf of(Job job) {
            JsonNode request = Json.MAPPER.readTree(job.request());
            return new RunOf(
                    request.path("framework").stringValue(""),
                    request.path("run_id").stringValue(""));
        }

        /** What is kept with a job: all else that answers say stands in its spec. */
        String text() {
            return Json.MAPPER
                    .createObjectNode()
                    .put("framework", framework)
                    .put("run_id", runId)
                    .toString();
        }
    }

    /** What a new job is told when its object is there. */
    static Status created(Handle handle) {
        return new Status("submitted", handle.kind() + " created");
    }

    /** What a new job is told: nothing is created anywhere yet, and on this machine no PyTorchJob ever is. */
    static Status accepted(Job job) {
        Status status = status(job);
        return status.detail().equals(SUBMITTED)
                ? new Status(status.word(), "PyTorchJob accepted for the backend " + job.backend())
                : status;
    }

    static Status status(Job job) {
        boolean ended = job.state() instanceof JobState.Done;
        return !ended && job.wish().ends() ? new Status("cancelled", STOPPING) : status(job.state());
    }

    private static Status status(JobState state) {
        return switch (state) {
            case JobState.Queued queued
            when queued.nextAttempt() > 1 -> new Status("running", waiting("PyTorchJob restarting", queued.reason()));
            case JobState.Queued queued -> new Status("submitted", waiting(SUBMITTED, queued.reason()));
            case JobState.Launching launching
            when launching.attempt().number() > 1 ->
                new Status("running", waiting("PyTorchJob restarting", launching.reason()));
            case JobState.Launching launching -> new Status("submitted", waiting(SUBMITTED, launching.reason()));
            case JobState.Running _ -> new Status("running", "PyTorchJob running");
            case JobState.Stopping stopping -> stopping(stopping.then());
            case JobState.Paused _ -> new Status("suspended", "PyTorchJob suspended");
            case JobState.Done done -> done(done.outcome());
        };
    }

    private static Status stopping(Then then) {
        return switch (then) {
            case Then.Finish finish -> {
                Status end = done(finish.outcome());
                // Only a cancel is certain before it is done: the others wait for the last word.
                yield end.word().equals("cancelled")
                        ? new Status("cancelled", STOPPING)
                        : new Status("running", "PyTorchJob stopping: " + end.detail());
            }
            case Then.Pause _ -> new Status("running", "PyTorchJob being suspended");
            case Then.Retry retry -> new Status("running", "PyTorchJob restarting: " + retry.detail());
        };
    }

    private static Status done(Outcome outcome) {
        return switch (outcome) {
            case Outcome.Succeeded _ -> new Status("succeeded", "PyTorchJob completed");
            case Outcome.Failed failed ->
                new Status("failed", failed.detail().isEmpty() ? "PyTorchJob failed" : failed.detail());
            case Outcome.Cancelled _ -> new Status("cancelled", "PyTorchJob cancelled");
            case Outcome.Rendered _ -> new Status("submitted", "PyTorchJob rendered, nothing was created");
        };
    }

    private static String waiting(String text, Reason reason) {
        return reason.equals(Reason.JUST_SUBMITTED) || reason.equals(Reason.STARTING)
                ? text
                : text + ": " + reason.sentence();
    }

    static byte[] job(Job job, Status status) {
        var bytes = new ByteArrayOutputStream(512);
        try (JsonGenerator out = Json.MAPPER.createGenerator(bytes)) {
            write(out, job, status, true);
        }
        return bytes.toByteArray();
    }

    private static void write(JsonGenerator out, Job job, Status status, boolean warnings) {
        RunOf run = RunOf.of(job);
        out.writeStartObject();
        out.writeStringProperty("name", name(job));
        out.writeStringProperty("status", status.word());
        out.writeStringProperty("detail", status.detail());
        out.writeStringProperty("framework", run.framework());
        out.writeStringProperty("run_id", run.runId());
        if (warnings && !job.warnings().isEmpty()) {
            out.writeArrayPropertyStart("warnings");
            for (String warning : job.warnings()) out.writeString(warning);
            out.writeEndArray();
        }
        out.writeEndObject();
    }

    static String name(Job job) {
        return job.identity().clientId().orElseThrow();
    }

    /** @param next cursor of the following page */
    static byte[] page(List<Job> jobs, Optional<String> next) {
        var bytes = new ByteArrayOutputStream(4096);
        try (JsonGenerator out = Json.MAPPER.createGenerator(bytes)) {
            out.writeStartObject();
            out.writeArrayPropertyStart("jobs");
            for (Job job : jobs) write(out, job, status(job), false);
            out.writeEndArray();
            if (next.isPresent()) out.writeStringProperty("next", next.get());
            else out.writeNullProperty("next");
            out.writeEndObject();
        }
        return bytes.toByteArray();
    }

    /** @param next the number to ask from for what follows */
    static byte[] lines(Job job, List<Logs.Line> lines, long next) {
        var bytes = new ByteArrayOutputStream(4096);
        try (JsonGenerator out = Json.MAPPER.createGenerator(bytes)) {
            out.writeStartObject();
            out.writeStringProperty("name", name(job));
            out.writeArrayPropertyStart("logs");
            for (Logs.Line line : lines) {
                out.writeStartObject();
                out.writeNumberProperty("number", line.number());
                out.writeStringProperty("timestamp", line.at().toString());
                out.writeNumberProperty("attempt", line.attempt());
                out.writeNumberProperty("rank", line.rank());
                out.writeStringProperty("stream", line.stream());
                out.writeStringProperty("message", line.text());
                out.writeEndObject();
            }
            out.writeEndArray();
            out.writeNumberProperty("next", next);
            out.writeEndObject();
        }
        return bytes.toByteArray();
    }
}
