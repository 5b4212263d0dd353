package io.trainyard.contract.push;

import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import io.trainyard.http.Body;
import io.trainyard.http.Contract;
import io.trainyard.http.Problem;
import io.trainyard.http.Refusal;
import io.trainyard.job.Attempt;
import io.trainyard.job.Job;
import io.trainyard.job.JobId;
import io.trainyard.progress.ProgressIntake;
import io.trainyard.secrets.Sealer;
import io.trainyard.store.Jobs;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The progress push that {@code transformers} and the Kubeflow SDK speak: a POST of {@code trainerStatus} under a
 * bearer token that only the job's own attempt has. Answered 200 exactly; an unknown job is 404, a wrong token 403.
 */
public final class PushContract implements Contract {
    private static final String PREFIX = "/apis/trainer.kubeflow.org/v1alpha1/namespaces/";
    private static final int MAX_BODY_BYTES = 64 * 1024;
    private static final int MAX_METRICS = 256;
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final Jobs jobs;
    private final ProgressIntake progress;
    private final Sealer sealer;
    private final InstantSource clock;

    public PushContract(Jobs jobs, ProgressIntake progress, Sealer sealer, InstantSource clock) {
        this.jobs = jobs;
        this.progress = progress;
        this.sealer = sealer;
        this.clock = clock;
    }

    /** Where the attempts of this job push to, below the server's own address. */
    public static String path(JobId job) {
        return PREFIX + "default/trainjobs/" + job + "/status";
    }

    /** The token of this job; it follows from the key file, so that it survives a restart without being stored. */
    public static String token(Sealer sealer, JobId job) {
        byte[] print = sealer.fingerprint(("push " + job).getBytes(StandardCharsets.UTF_8));
        return HexFormat.of().formatHex(print);
    }

    @Override
    public List<String> prefixes() {
        return List.of("/apis/");
    }

    @Override
    public void mount(RoutesConfig routes) {
        routes.post(PREFIX + "{namespace}/trainjobs/{job}/status", this::push);
    }

    @Override
    public void refuse(Context context, int status, String message) {
        Problem.of(status, message).write(context);
    }

    private void push(Context context) {
        String name = context.pathParam("job");
        if (!name.startsWith(JobId.PREFIX)) throw new Refusal(404, "no job " + name);
        JobId id = new JobId(name);
        checkToken(context, id);
        Job job = jobs.find(id).orElseThrow(() -> new Refusal(404, "no job " + id));
        JsonNode status = status(Body.read(context, MAX_BODY_BYTES));
        Optional<Attempt> attempt = job.state().liveAttempt();
        checkPercentage(status);
        // A late push of an attempt that has ended is answered and dropped: its lines are all read.
        attempt.ifPresent(
                live -> progress.pushed(id, live.number(), remaining(status), metrics(status), clock.instant()));
        context.status(200).contentType("application/json").result("{}");
    }

    private void checkToken(Context context, JobId id) {
        String authorization = context.header("Authorization");
        if (authorization == null || !authorization.regionMatches(true, 0, "Bearer ", 0, "Bearer ".length()))
            throw new Refusal(401, "a bearer token is missing");
        byte[] shown = authorization.substring("Bearer ".length()).strip().getBytes(StandardCharsets.UTF_8);
        byte[] expected = token(sealer, id).getBytes(StandardCharsets.UTF_8);
        if (!MessageDigest.isEqual(expected, shown)) throw new Refusal(403, "the token is not this job's");
    }

    private static JsonNode status(byte[] body) {
        try {
            JsonNode status = JSON.readTree(body).path("trainerStatus");
            if (!status.isObject()) throw new Refusal(422, "trainerStatus: an object is wanted");
            return status;
        } catch (JacksonException e) {
            throw new Refusal(400, "the body is not JSON: " + e.getOriginalMessage());
        }
    }

    private static void checkPercentage(JsonNode status) {
        JsonNode value = status.path("progressPercentage");
        if (value.isMissingNode() || value.isNull()) return;
        if (!value.isNumber() || value.asDouble() < 0 || value.asDouble() > 100)
            throw new Refusal(422, "trainerStatus.progressPercentage: " + value + " is not between 0 and 100");
    }

    private static Optional<Duration> remaining(JsonNode status) {
        JsonNode value = status.path("estimatedRemainingSeconds");
        if (value.isMissingNode() || value.isNull()) return Optional.empty();
        if (!value.isNumber() || value.asDouble() < 0 || value.asDouble() > 1e9)
            throw new Refusal(422, "trainerStatus.estimatedRemainingSeconds: " + value + " is no number of seconds");
        return Optional.of(Duration.ofSeconds((long) value.asDouble()));
    }

    private static Map<String, Double> metrics(JsonNode status) {
        JsonNode list = status.path("metrics");
        if (list.isMissingNode() || list.isNull()) return Map.of();
        if (!list.isArray() || list.size() > MAX_METRICS)
            throw new Refusal(422, "trainerStatus.metrics: a list of at most " + MAX_METRICS + " is wanted");
        var metrics = new HashMap<String, Double>();
        for (JsonNode metric : list) {
            String name = metric.path("name").asString("");
            if (name.isEmpty() || name.length() > 64)
                throw new Refusal(422, "trainerStatus.metrics[].name: 1 to 64 characters are wanted");
            try {
                double value = Double.parseDouble(metric.path("value").asString(""));
                if (Double.isFinite(value)) metrics.put(name, value);
            } catch (NumberFormatException notANumber) {
                // The protocol carries numbers as text and some senders put words there; those are no series.
            }
        }
        return metrics;
    }
}
