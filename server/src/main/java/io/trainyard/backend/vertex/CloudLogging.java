package io.trainyard.backend.vertex;

import io.trainyard.backend.LogSource.Part;
import io.trainyard.backend.LogSource.Stream;
import java.time.Instant;
import java.time.InstantSource;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Log entries of custom jobs. Reading is scarce (60 requests a minute and project unless raised), so all jobs share one
 * request a second, all processes of a job one request.
 */
final class CloudLogging {
    private static final int PAGE = 1000;
    private static final long MILLIS_BETWEEN = 1000;
    private static final Pattern TASK = Pattern.compile("workerpool(\\d+)-(\\d+)");
    /** From here on entries are what a program writes to its standard error. */
    private static final Set<String> ERRORS = Set.of("ERROR", "CRITICAL", "ALERT", "EMERGENCY");

    private final String endpoint;
    private final Calls calls;
    private final InstantSource clock;
    private Instant next = Instant.MIN;

    CloudLogging(String endpoint, Calls calls, InstantSource clock) {
        this.endpoint = endpoint;
        this.calls = calls;
        this.clock = clock;
    }

    record Entry(Instant at, String insertId, Part part, String text) {
        /** Two entries with the same time and id are one. */
        String key() {
            return at + " " + insertId;
        }
    }

    sealed interface Page {
        record Read(List<Entry> entries, Optional<String> next) implements Page {}

        /** A refusal that will not pass by itself. */
        record Refused(String why) implements Page {}
    }

    /** Takes one of the shared requests, when there is one now. */
    synchronized boolean turn() {
        Instant now = clock.instant();
        if (now.isBefore(next)) return false;
        next = now.plusMillis(MILLIS_BETWEEN);
        return true;
    }

    /**
     * Entries from a moment on, oldest first.
     *
     * @param name whole resource name of the custom job
     */
    Page read(String name, Instant from, Optional<String> page) {
        var body = body(name, "timestamp asc", PAGE);
        body.put("filter", body.path("filter").asString() + " AND timestamp>=\"" + from + "\"");
        page.ifPresent(token -> body.put("pageToken", token));
        return switch (calls.post(endpoint + "/v2/entries:list", body)) {
            case Reply.Ok ok -> new Page.Read(entries(ok.body()), next(ok.body()));
            case Reply.Refused refused
            when !refused.passing() -> new Page.Refused(refused.word() + " " + refused.message());
            case Reply.Refused refused -> throw refused.unreachable();
            case Reply.NotSent notSent -> throw notSent.unreachable();
            case Reply.Unanswered unanswered -> throw unanswered.unreachable();
        };
    }

    /** The newest lines, in order; none when they cannot be had. */
    List<String> last(String name, int most) {
        if (!(calls.post(endpoint + "/v2/entries:list", body(name, "timestamp desc", most))
                instanceof Reply.Ok(JsonNode body))) return List.of();
        return entries(body).reversed().stream().map(Entry::text).toList();
    }

    private static ObjectNode body(String name, String order, int size) {
        String[] parts = name.split("/", -1);
        var body = Manifest.JSON.createObjectNode();
        body.putArray("resourceNames").add("projects/" + parts[1]);
        return body.put(
                        "filter",
                        "resource.type=\"ml_job\" AND resource.labels.job_id=\"%s\"".formatted(parts[parts.length - 1]))
                .put("orderBy", order)
                .put("pageSize", size);
    }

    private static Optional<String> next(JsonNode body) {
        return Optional.of(body.path("nextPageToken").asString("")).filter(token -> !token.isEmpty());
    }

    private static List<Entry> entries(JsonNode body) {
        var entries = new ArrayList<Entry>();
        for (JsonNode entry : body.path("entries")) {
            try {
                entries.add(new Entry(
                        Instant.parse(entry.path("timestamp").asString("")),
                        entry.path("insertId").asString(""),
                        part(entry),
                        text(entry)));
            } catch (DateTimeParseException withoutTime) {
                // Nothing the service sends; it has no place in an order by time.
            }
        }
        return entries;
    }

    /** The first pool holds rank 0, the second the rest; what the service itself says stands with rank 0. */
    private static Part part(JsonNode entry) {
        Stream stream = ERRORS.contains(entry.path("severity").asString("")) ? Stream.STDERR : Stream.STDOUT;
        JsonNode labels = entry.path("resource").path("labels");
        Matcher task = TASK.matcher(labels.path("task_name").asString(""));
        if (!task.matches()) return new Part(0, Stream.STDERR);
        int replica = Integer.parseInt(task.group(2));
        return new Part(task.group(1).equals("0") ? replica : replica + 1, stream);
    }

    /** A line that was JSON comes as an object; our trainer's events are put together again. */
    private static String text(JsonNode entry) {
        String text = entry.path("textPayload").asString("");
        JsonNode object = entry.path("jsonPayload");
        if (object.isObject())
            text = object.has("message") && !object.has("event")
                    ? object.path("message").asString("")
                    : object.toString();
        return text.endsWith("\n") ? text.substring(0, text.length() - 1) : text;
    }
}
