package io.trainyard.contract.trainer;

import io.trainyard.job.Handle;
import io.trainyard.job.Job;
import io.trainyard.job.JobState;
import io.trainyard.job.JobState.Then;
import io.trainyard.job.Outcome;
import io.trainyard.job.Reason;
import io.trainyard.store.StateWord;
import io.trainyard.wire.Json;
import java.io.ByteArrayOutputStream;
import tools.jackson.core.JsonGenerator;

/** Writes answers: a job in this contract's words, and refusals in its shapes. */
final class Answers {
    private static final String ACCEPTED = "Job accepted for processing";
    private static final String STOPPING = "Job cancellation requested, stopping…";

    private Answers() {}

    /** A state in this contract's words. */
    record Status(String word, String detail) {}

    static Status status(Job job) {
        boolean ended = job.state() instanceof JobState.Done;
        return !ended && job.wish().ends() ? new Status("cancelled", STOPPING) : status(job.state());
    }

    private static Status status(JobState state) {
        return switch (state) {
            case JobState.Queued queued -> new Status("submitted", waiting(ACCEPTED, queued.reason()));
            case JobState.Launching launching ->
                new Status(
                        "submitted",
                        waiting(
                                // Just given a slot, maybe with the very request, and not yet handed to the backend.
                                launching.handle().isEmpty() ? ACCEPTED : "Job is being started", launching.reason()));
            case JobState.Running _ -> new Status("running", "Job is running");
            case JobState.Stopping stopping -> stopping(stopping.then());
            case JobState.Paused _ -> new Status("submitted", "Job is paused");
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
                        : new Status("running", "Job is stopping: " + end.detail());
            }
            case Then.Pause _ -> new Status("running", "Job is being paused");
            case Then.Retry retry -> new Status("running", "Job is being started again: " + retry.detail());
        };
    }

    private static Status done(Outcome outcome) {
        return switch (outcome) {
            case Outcome.Succeeded _ -> new Status("succeeded", "Job completed");
            case Outcome.Failed failed ->
                new Status("failed", failed.detail().isEmpty() ? "Job failed" : failed.detail());
            case Outcome.Cancelled _ -> new Status("cancelled", "Job cancelled");
            case Outcome.Rendered _ -> new Status("submitted", "Manifest rendered, nothing was started");
        };
    }

    private static String waiting(String text, Reason reason) {
        return reason.equals(Reason.JUST_SUBMITTED) || reason.equals(Reason.STARTING)
                ? text
                : text + ": " + reason.sentence();
    }

    /** What a new job is told when its object is there. */
    static Status created(Handle handle) {
        return new Status("submitted", handle.kind() + " created");
    }

    /**
     * What is shown of a job besides where it stands.
     *
     * @param spec writes the member of the metadata that says what was asked for
     */
    record Shown(Service service, String backendJobId, JobSpecs.Writing spec) {}

    /** The contract's TrainingResponse. */
    static byte[] job(Shown shown, Job job, Status status) {
        String jobId = job.identity().clientId().orElseThrow();
        var bytes = new ByteArrayOutputStream(8192);
        try (JsonGenerator out = Json.MAPPER.createGenerator(bytes)) {
            out.writeStartObject();
            out.writeStringProperty("job_id", jobId);
            out.writeStringProperty("backend_job_id", shown.backendJobId());
            out.writeStringProperty("status", status.word());
            out.writeStringProperty("detail", status.detail());
            out.writeNullProperty("dashboard_url");
            out.writeObjectPropertyStart("metadata");
            shown.spec().write(out, shown, job);
            out.writeObjectPropertyStart("trainyard");
            out.writeStringProperty("id", job.id().value());
            out.writeStringProperty("backend", job.backend());
            out.writeStringProperty("state", StateWord.of(job.state()).word());
            out.writeEndObject();
            out.writeEndObject();
            if (!job.warnings().isEmpty()) {
                out.writeArrayPropertyStart("warnings");
                for (String warning : job.warnings()) out.writeString(warning);
                out.writeEndArray();
            }
            out.writeEndObject();
        }
        return bytes.toByteArray();
    }
}
