package io.trainyard.contract.studio;

import io.trainyard.job.Handle;
import io.trainyard.job.Job;
import io.trainyard.job.JobState;
import io.trainyard.wire.Json;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Writes answers: jobs in this contract's words, and refusals in its shape. */
final class Answers {
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern(
                    "yyyy-MM-dd'T'HH:mm:ss.SSS'Z'", Locale.ROOT)
            .withZone(ZoneOffset.UTC);

    private Answers() {}

    /** What is known of a job beside the job. */
    record Seen(Optional<Instant> started, Optional<Handle> object, String logTail) {
        static final Seen NOTHING = new Seen(Optional.empty(), Optional.empty(), "");
    }

    static ObjectNode summary(Job job, Seen seen) {
        JsonNode asked = Json.MAPPER.readTree(job.request());
        Status status = Status.of(job, isProcess(asked));
        ObjectNode summary = Json.MAPPER.createObjectNode();
        summary.put("id", job.identity().clientId().orElseThrow());
        summary.set("name", asked.get("name"));
        summary.set("backend", asked.get("backend"));
        summary.put("externalId", externalId(job, asked, seen.object()));
        summary.put("status", status.word());
        summary.put("createdAt", time(job.created()));
        summary.put("startedAt", seen.started().map(Answers::time).orElse(null));
        summary.put("finishedAt", status.finished().map(Answers::time).orElse(null));
        summary.put("exitCode", status.exitCode().orElse(null));
        for (String same : List.of("command", "args", "outputDir", "datasetFile")) summary.set(same, asked.get(same));
        summary.put("error", status.error().orElse(null));
        summary.put("logTail", seen.logTail());
        if (!job.warnings().isEmpty()) job.warnings().forEach(summary.putArray("warnings")::add);
        return summary;
    }

    static boolean isProcess(Job job) {
        return isProcess(Json.MAPPER.readTree(job.request()));
    }

    private static boolean isProcess(JsonNode asked) {
        return asked.path("backend").asString("").equals(Target.LOCAL.word());
    }

    /** The object's name where the name is ours to give; what the backend calls it where it gives the name. */
    private static @Nullable String externalId(Job job, JsonNode asked, Optional<Handle> object) {
        if (job.state() instanceof JobState.Queued(int attempt, Instant _, var _) && attempt == 1) return null;
        JsonNode given = asked.path("externalId");
        if (given.isString()) return given.stringValue();
        if (!job.backend().equals(Target.VERTEX.word())) return null;
        return object.map(handle -> handle.name().substring(handle.name().lastIndexOf('/') + 1))
                .orElse(null);
    }

    static ObjectNode withLogs(ObjectNode summary, LogBook.Page page, long last) {
        var logs = summary.putArray("logs");
        for (LogBook.Entry entry : page.entries())
            logs.addObject()
                    .put("timestamp", time(entry.at()))
                    .put("stream", entry.stream())
                    .put("message", entry.message());
        summary.put("logsFrom", page.next() - page.entries().size());
        summary.put("logsNext", page.next());
        summary.put("logsLast", last);
        return summary;
    }

    /** The last characters of these entries, a line each. */
    static String tail(List<LogBook.Entry> entries, int characters) {
        String text = entries.stream().map(LogBook.Entry::message).collect(Collectors.joining("\n"));
        if (text.length() <= characters) return text;
        int start = text.length() - characters;
        return text.substring(Character.isLowSurrogate(text.charAt(start)) ? start + 1 : start);
    }

    static byte[] error(String text) {
        // Half a character, which a client may send escaped, cannot be written back.
        String whole = new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
        return bytes(Json.MAPPER.createObjectNode().put("error", whole));
    }

    static byte[] bytes(JsonNode body) {
        return Json.MAPPER.writeValueAsBytes(body);
    }

    static String time(Instant instant) {
        return TIME.format(instant);
    }
}
