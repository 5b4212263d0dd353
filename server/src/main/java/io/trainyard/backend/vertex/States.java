package io.trainyard.backend.vertex;

import io.trainyard.job.Cause;
import io.trainyard.job.Handle;
import io.trainyard.job.Observation;
import io.trainyard.job.Observation.Active;
import io.trainyard.job.Observation.Ended;
import io.trainyard.job.Observation.Ending;
import io.trainyard.job.Observation.Waiting;
import io.trainyard.job.Reason;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/** What a custom job's state says about the attempt; pure. */
final class States {
    static final List<String> ENDED = List.of(
            "JOB_STATE_SUCCEEDED",
            "JOB_STATE_PARTIALLY_SUCCEEDED",
            "JOB_STATE_FAILED",
            "JOB_STATE_EXPIRED",
            "JOB_STATE_CANCELLED");

    private static final Pattern EXIT = Pattern.compile("non-zero status of (\\d+)");
    private static final int SIGNALS = 128;
    private static final int CANCELLED = 1;
    private static final int INVALID_ARGUMENT = 3;
    private static final int DEADLINE_EXCEEDED = 4;
    private static final int PERMISSION_DENIED = 7;
    private static final int RESOURCE_EXHAUSTED = 8;
    private static final int ABORTED = 10;
    private static final int INTERNAL = 13;
    private static final int UNAVAILABLE = 14;

    private States() {}

    static Observation of(JsonNode job, Handle handle, Instant now) {
        String state = state(job);
        return switch (state) {
            case "JOB_STATE_QUEUED" -> waiting(handle, Reason.Kind.QUEUE, "waiting for quota or capacity on Vertex AI");
            case "JOB_STATE_PENDING" -> waiting(handle, Reason.Kind.INITIALISING, "Vertex AI prepares the machines");
            case "JOB_STATE_PAUSED" -> waiting(handle, Reason.Kind.GATED, "paused on Vertex AI");
            case "JOB_STATE_RUNNING", "JOB_STATE_UPDATING" -> active(job, handle, now);
            case "JOB_STATE_CANCELLING" ->
                began(job).isPresent()
                        ? active(job, handle, now)
                        : waiting(handle, Reason.Kind.TERMINATING, "Vertex AI cancels it");
            case "JOB_STATE_SUCCEEDED", "JOB_STATE_PARTIALLY_SUCCEEDED" -> new Ended(new Ending.Success(), ran(job));
            case "JOB_STATE_FAILED" -> new Ended(failure(job), ran(job));
            case "JOB_STATE_EXPIRED" ->
                new Ended(new Ending.Failure(Cause.DEADLINE, "stopped by Vertex AI at its time limit"), ran(job));
            case "JOB_STATE_CANCELLED" ->
                new Ended(new Ending.Failure(Cause.SIGNAL, "cancelled on Vertex AI"), ran(job));
            // States are open: one that came into the world later says nothing we could act on.
            default -> new Observation.Unreachable("state \"" + state + "\" is not known here");
        };
    }

    static String state(JsonNode job) {
        return job.path("state").asString("");
    }

    static boolean ended(JsonNode job) {
        return ENDED.contains(state(job));
    }

    /** Still running as far as anybody is told: it has ended, and its last log entries may be on their way. */
    static Active ending(JsonNode job, Handle handle) {
        return new Active(handle, began(job).orElseThrow(), ran(job));
    }

    static Optional<Instant> began(JsonNode job) {
        return time(job, "startTime");
    }

    static Optional<Instant> end(JsonNode job) {
        return time(job, "endTime");
    }

    static Optional<Instant> time(JsonNode job, String field) {
        String text = job.path(field).asString("");
        if (text.isEmpty()) return Optional.empty();
        try {
            return Optional.of(Instant.parse(text));
        } catch (DateTimeParseException odd) {
            return Optional.empty();
        }
    }

    private static Waiting waiting(Handle handle, Reason.Kind kind, String sentence) {
        return new Waiting(handle, new Reason(kind, sentence));
    }

    private static Active active(JsonNode job, Handle handle, Instant now) {
        Instant since = began(job).or(() -> time(job, "updateTime")).orElse(now);
        return new Active(handle, since, between(since, now));
    }

    private static Duration ran(JsonNode job) {
        var began = began(job);
        var end = end(job);
        return began.isPresent() && end.isPresent() ? between(began.get(), end.get()) : Duration.ZERO;
    }

    private static Duration between(Instant from, Instant to) {
        return to.isBefore(from) ? Duration.ZERO : Duration.between(from, to);
    }

    /** The service tells why in words; the words decide, and the code where there are none we know. */
    static Ending.Failure failure(JsonNode job) {
        JsonNode error = job.path("error");
        String message = error.path("message").asString("failed on Vertex AI without a reason");
        return new Ending.Failure(cause(error.path("code").asInt(0), message), message);
    }

    private static Cause cause(int code, String message) {
        String text = message.toLowerCase(Locale.ROOT);
        if (text.contains("out-of-memory") || text.contains("out of memory")) return Cause.OUT_OF_MEMORY;
        Matcher exit = EXIT.matcher(text);
        if (exit.find())
            // More digits than a status has would still be no signal.
            return exit.group(1).length() == 3 && Integer.parseInt(exit.group(1)) > SIGNALS
                    ? Cause.SIGNAL
                    : Cause.EXIT_CODE;
        if (text.contains("preempt")) return Cause.PREEMPTED;
        if (text.contains("quota")) return Cause.QUOTA;
        if (text.contains("resources are insufficient") || text.contains("stockout") || text.contains("stock-out"))
            return Cause.NODE_REFUSED;
        if (text.contains("image")
                && (text.contains("pull") || text.contains("not found") || text.contains("permission")))
            return Cause.IMAGE;
        return switch (code) {
            case CANCELLED -> Cause.SIGNAL;
            case INVALID_ARGUMENT, PERMISSION_DENIED -> Cause.BAD_CONFIGURATION;
            case DEADLINE_EXCEEDED -> Cause.DEADLINE;
            case RESOURCE_EXHAUSTED -> Cause.NODE_REFUSED;
            case ABORTED, INTERNAL, UNAVAILABLE -> Cause.INTERRUPTED;
            default -> Cause.EXIT_CODE; // codes are open too: what nobody blames on a machine is the job's
        };
    }
}
