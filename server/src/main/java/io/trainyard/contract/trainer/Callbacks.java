package io.trainyard.contract.trainer;

import io.trainyard.job.Event;
import io.trainyard.job.Job;
import io.trainyard.job.Progress;
import io.trainyard.secrets.Mask;
import io.trainyard.store.Store;
import io.trainyard.webhook.AddressPolicy;
import io.trainyard.webhook.Authorization;
import io.trainyard.webhook.Renderer;
import io.trainyard.wire.Json;
import io.trainyard.wire.Problem;
import io.trainyard.wire.Problem.Path;
import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import tools.jackson.core.JsonGenerator;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/** What receivers of this contract are told, and which receivers a request may name. */
public final class Callbacks implements Renderer {
    private static final Path CALLBACKS = Path.BODY.child("callbacks");
    private static final String SUBMITTED = "submitted";

    private final String submittedAs;
    private final Store store;

    /** @param submittedAs the word for a job that does not run yet: the studio knows {@code queued} only */
    public Callbacks(String submittedAs, Store store) {
        this.submittedAs = submittedAs;
        this.store = store;
    }

    /** What speaks against the receiver that a request names. */
    static List<Problem> problems(Request request, AddressPolicy addresses) {
        var problems = new ArrayList<Problem>();
        JsonNode callbacks = request.body().get("callbacks");
        JsonNode url = callbacks.path("webhook_url");
        if (url.isString())
            addresses
                    .objection(url.stringValue())
                    .ifPresent(why -> problems.add(
                            new Problem(CALLBACKS.child("webhook_url"), why, "value_error.url.host", url, Map.of())));
        JsonNode header = callbacks.path("auth_header");
        if (header.isString())
            Authorization.objection(header.stringValue())
                    .ifPresent(why -> problems.add(new Problem(
                            CALLBACKS.child("auth_header"),
                            why,
                            "value_error.header",
                            JsonNodeFactory.instance.stringNode(Mask.STARS),
                            Map.of())));
        return problems;
    }

    @Override
    public Optional<Message> event(Job job, Event event) {
        return word(event.kind()).map(word -> message(job, word, detail(job, event), event.at()));
    }

    /** By the event, not by the job, which may have gone on: receivers hear of every change in its order. */
    private static Optional<String> word(Event.Kind kind) {
        return switch (kind) {
            case SUBMITTED, LAUNCHING, WAITING, PAUSED, QUEUED, RETRYING, FALLBACK, RENDERED -> Optional.of(SUBMITTED);
            case RUNNING -> Optional.of("running");
            case SUCCEEDED -> Optional.of("succeeded");
            case FAILED -> Optional.of("failed");
            case CANCELLED -> Optional.of("cancelled");
            // No change of the word, and one that a receiver would take for a job that goes on.
            case WARNING, CANCEL_REQUESTED, PAUSE_REQUESTED, RESUME_REQUESTED, STOPPING, CHECKPOINT -> Optional.empty();
        };
    }

    private static String detail(Job job, Event event) {
        return switch (event.kind()) {
            case SUBMITTED -> "Job accepted for processing";
            case LAUNCHING -> "Job is being started: " + event.message();
            case WAITING -> "Job is being started, it waits: " + event.message();
            case RUNNING -> "Job is running";
            case PAUSED -> "Job is paused";
            case QUEUED -> "Job accepted for processing: " + event.message();
            case SUCCEEDED, FAILED, CANCELLED, RENDERED ->
                job.state().ended() ? Answers.status(job).detail() : event.message();
            case RETRYING,
                    FALLBACK,
                    WARNING,
                    CANCEL_REQUESTED,
                    PAUSE_REQUESTED,
                    RESUME_REQUESTED,
                    STOPPING,
                    CHECKPOINT -> event.message();
        };
    }

    @Override
    public Message heartbeat(Job job, Instant now) {
        var status = Answers.status(job);
        String progress =
                store.metrics().progress(job.id()).map(Callbacks::words).orElse("");
        return message(job, status.word(), status.detail() + progress, now);
    }

    /** As in {@code : step 120 of 1000 (12 %), loss 0.53, about 3 min left}. */
    private static String words(Progress progress) {
        var words = new StringBuilder(": step " + progress.step());
        progress.totalSteps().ifPresent(total -> words.append(" of ").append(total));
        progress.percentage()
                .ifPresent(percentage -> words.append(String.format(Locale.ROOT, " (%.0f %%)", percentage)));
        Double loss = progress.latest().get("loss");
        if (loss != null) words.append(String.format(Locale.ROOT, ", loss %.4g", loss));
        progress.remaining()
                .map(Duration::toMinutes)
                .ifPresent(minutes ->
                        words.append(", about ").append(Math.max(1, minutes)).append(" min left"));
        return words.toString();
    }

    private Message message(Job job, String word, String detail, Instant at) {
        String jobId = job.identity().clientId().orElseThrow();
        var bytes = new ByteArrayOutputStream(256 + detail.length());
        try (JsonGenerator out = Json.MAPPER.createGenerator(bytes)) {
            out.writeStartObject();
            out.writeStringProperty("job_id", jobId);
            out.writeStringProperty("backend_job_id", ClusterObject.backendJobId(store.jobs(), job));
            out.writeStringProperty("status", word.equals(SUBMITTED) ? submittedAs : word);
            out.writeStringProperty("detail", detail);
            out.writeStringProperty("log", detail);
            out.writeNumberProperty("timestamp", at.getEpochSecond() + at.getNano() / 1e9);
            out.writeEndObject();
        }
        return new Message(word, bytes.toByteArray());
    }
}
