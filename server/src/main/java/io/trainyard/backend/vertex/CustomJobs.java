package io.trainyard.backend.vertex;

import io.trainyard.backend.Backend.Unreachable;
import io.trainyard.backend.Launched;
import io.trainyard.job.Attempt;
import io.trainyard.job.Cause;
import io.trainyard.job.Handle;
import io.trainyard.job.Observation.Ending;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Custom jobs on the service: found by the label of an attempt, created once, cancelled and deleted by name. */
final class CustomJobs {
    /** After that a create that nobody answered is not on its way any more, and a list shows what it made. */
    static final Duration SETTLES_WITHIN = Duration.ofSeconds(30);
    /** A project without quota stays so for longer than a moment: how long no create is sent after a 429. */
    static final Duration QUOTA_PAUSE = Duration.ofMinutes(1);

    private static final int PAGE = 100;
    private static final int BAD_REQUEST = 400;
    private static final int NOT_FOUND = 404;
    private static final int CONFLICT = 409;
    private static final int TOO_MANY = 429;
    /** The environment of a job may be large and is of no interest in a list. */
    private static final String FIELDS = "name,state,createTime,startTime,endTime,updateTime,error,labels";

    private final VertexSettings settings;
    private final Calls calls;
    private final InstantSource clock;
    private final Instant began;
    private final Map<String, Instant> unanswered = new ConcurrentHashMap<>();
    private volatile Pause pause = new Pause(Instant.MIN, "");

    /** No create is sent before this moment; what it waits for is told in the service's words. */
    private record Pause(Instant until, String why) {}

    CustomJobs(VertexSettings settings, Calls calls, InstantSource clock) {
        this.settings = settings;
        this.calls = calls;
        this.clock = clock;
        this.began = clock.instant();
    }

    /** Creates it, unless one with the attempt's label is there. */
    Launched create(Attempt attempt, ObjectNode body) {
        Reply there = list(Labels.filter(attempt), "", PAGE);
        if (there instanceof Reply.NotSent notSent && !unanswered.containsKey(attempt.toString()))
            return new Launched.NotSent(notSent.why());
        Optional<JsonNode> found = oldest(jobs(there));
        if (found.isPresent()) return accepted(attempt, found.get());
        if (mayStillComeAbout(attempt))
            throw new Unreachable("Vertex AI gave no answer to a create; it is looked for until it has settled");
        Pause quota = pause;
        if (clock.instant().isBefore(quota.until())) throw new Unreachable(quota.why());
        return created(attempt, calls.post(base(settings.project().region()) + parent() + "/customJobs", body));
    }

    private Launched created(Attempt attempt, Reply reply) {
        return switch (reply) {
            case Reply.Ok ok -> accepted(attempt, ok.body());
            case Reply.NotSent notSent -> {
                if (unanswered.containsKey(attempt.toString())) throw notSent.unreachable();
                yield new Launched.NotSent(notSent.why());
            }
            case Reply.Unanswered lost -> lookedUp(attempt, lost);
            case Reply.Refused refused
            when refused.status() >= 500 || refused.status() == CONFLICT -> lookedUp(attempt, refused);
            case Reply.Refused refused
            when refused.status() == TOO_MANY -> {
                Unreachable later = refused.unreachable();
                pause = new Pause(clock.instant().plus(QUOTA_PAUSE), String.valueOf(later.getMessage()));
                throw later;
            }
            case Reply.Refused refused when refused.passing() -> throw refused.unreachable();
            case Reply.Refused refused -> new Launched.Refused(new Ending.Failure(cause(refused), message(refused)));
        };
    }

    private static Cause cause(Reply.Refused refused) {
        return refused.status() == BAD_REQUEST ? Cause.BAD_CONFIGURATION : Cause.REFUSED;
    }

    private static String message(Reply.Refused refused) {
        return "Vertex AI refuses it: %s %s".formatted(refused.word(), refused.message());
    }

    private Launched accepted(Attempt attempt, JsonNode job) {
        unanswered.remove(attempt.toString());
        return new Launched.Accepted(handle(job));
    }

    /** The answer was lost, and with it whether there is a job now. */
    private Launched lookedUp(Attempt attempt, Reply lost) {
        unanswered.put(attempt.toString(), clock.instant());
        Optional<JsonNode> found = find(attempt);
        if (found.isEmpty()) throw lost.unreachable();
        return accepted(attempt, found.get());
    }

    /** Also what an earlier server may have sent just before it went. */
    boolean mayStillComeAbout(Attempt attempt) {
        Instant sent = unanswered.get(attempt.toString());
        return sent != null && clock.instant().isBefore(sent.plus(SETTLES_WITHIN));
    }

    /** Whether a create of this attempt, by this server or an earlier one, can be ruled out from now on. */
    boolean ruledOut(Attempt attempt) {
        Instant sent = unanswered.getOrDefault(attempt.toString(), began);
        return !clock.instant().isBefore(sent.plus(SETTLES_WITHIN));
    }

    /** A live read; of several the oldest, and the others are cancelled. */
    Optional<JsonNode> find(Attempt attempt) {
        return oldest(jobs(list(Labels.filter(attempt), "", PAGE)));
    }

    private Optional<JsonNode> oldest(List<JsonNode> jobs) {
        var sorted = new ArrayList<>(jobs);
        sorted.sort(Comparator.<JsonNode, Instant>comparing(
                        job -> States.time(job, "createTime").orElse(Instant.MAX))
                .thenComparing(CustomJobs::name));
        for (JsonNode second : sorted.stream().skip(1).toList()) if (!States.ended(second)) cancel(name(second));
        return sorted.stream().findFirst();
    }

    private static List<JsonNode> jobs(Reply reply) {
        if (!(reply instanceof Reply.Ok(JsonNode body))) throw reply.unreachable();
        var jobs = new ArrayList<JsonNode>();
        body.path("customJobs").forEach(jobs::add);
        return jobs;
    }

    /** All attempts that have not ended, page by page. */
    List<JsonNode> live() {
        var all = new ArrayList<JsonNode>();
        String page = "";
        do {
            Reply reply = list(Labels.liveFilter(), page, PAGE);
            all.addAll(jobs(reply));
            page = reply instanceof Reply.Ok(JsonNode body)
                    ? body.path("nextPageToken").asString("")
                    : "";
        } while (!page.isEmpty());
        return all;
    }

    /** Whether the service can be asked at all, as a list of at most one. */
    Reply probe() {
        return list("", "", 1);
    }

    private Reply list(String filter, String page, int size) {
        return calls.get("%s%s/customJobs?filter=%s&pageSize=%d&pageToken=%s&readMask=%s"
                .formatted(base(settings.project().region()), parent(), encoded(filter), size, encoded(page), FIELDS));
    }

    /** A live read by name; empty only when it is not there. */
    Optional<JsonNode> get(String name) {
        return switch (calls.get(base(region(name)) + name)) {
            case Reply.Ok ok -> Optional.of(ok.body());
            case Reply.Refused refused when refused.status() == NOT_FOUND -> Optional.empty();
            case Reply.Refused refused -> throw refused.unreachable();
            case Reply.NotSent notSent -> throw notSent.unreachable();
            case Reply.Unanswered unanswered -> throw unanswered.unreachable();
        };
    }

    /** Asks for the end; one that has ended or is gone needs none. */
    void cancel(String name) {
        done(calls.post(base(region(name)) + name + ":cancel", Manifest.JSON.createObjectNode()));
    }

    /** Only a finished one can be deleted; one that has not ended stays. */
    void delete(String name) {
        done(calls.delete(base(region(name)) + name));
    }

    private static void done(Reply reply) {
        switch (reply) {
            case Reply.Ok _ -> {}
            case Reply.Refused refused when refused.status() == NOT_FOUND -> {}
            case Reply.Refused refused
            when refused.status() == BAD_REQUEST && refused.word().equals("FAILED_PRECONDITION") -> {}
            case Reply.Refused refused -> throw refused.unreachable();
            case Reply.NotSent notSent -> throw notSent.unreachable();
            case Reply.Unanswered unanswered -> throw unanswered.unreachable();
        }
    }

    /** @return the handle: {@code name} is the whole resource name, {@code uid} the number at its end */
    static Handle handle(JsonNode job) {
        String name = name(job);
        String parent = name.contains("/customJobs/") ? name.substring(0, name.indexOf("/customJobs/")) : "";
        return new Handle("vertex", "CustomJob", parent, name, name.substring(name.lastIndexOf('/') + 1));
    }

    static String name(JsonNode job) {
        return job.path("name").asString("");
    }

    private String parent() {
        String project = settings.project().id().orElseThrow(() -> new Unreachable("VERTEX_PROJECT is not set"));
        return "projects/%s/locations/%s".formatted(project, settings.project().region());
    }

    /** Where it was created, whatever the settings say by now. */
    private String region(String name) {
        String[] parts = name.split("/", -1);
        return parts.length > 3 ? parts[3] : settings.project().region();
    }

    private String base(String region) {
        return settings.access().endpoint().replace("{region}", region) + "/v1/";
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }
}
