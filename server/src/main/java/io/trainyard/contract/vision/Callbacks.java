package io.trainyard.contract.vision;

import io.javalin.http.Context;
import io.trainyard.http.Refusal;
import io.trainyard.job.Attempt;
import io.trainyard.job.Event;
import io.trainyard.job.Job;
import io.trainyard.progress.ProgressIntake;
import io.trainyard.secrets.Mask;
import io.trainyard.store.Logs;
import io.trainyard.store.Store;
import io.trainyard.wire.Json;
import io.trainyard.wire.Scalars;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * What trainers call back: kept as metrics, checkpoints, log lines and warnings of the attempt that lives. Where a job
 * stands is not theirs to say: its backend sees that. What comes after the end is answered and dropped.
 */
final class Callbacks {
    static final String HEADER = "X-Internal-Auth";
    static final String STREAM = "callback";
    private static final int MAX_BYTES = 5 << 20;
    private static final int MAX_LINE_CHARACTERS = 64 * 1024;
    private static final int MAX_NAME_CHARACTERS = 64;
    private static final int MAX_SERIES = 256;

    private final Desk desk;
    private final Store store;
    private final ProgressIntake progress;
    private final Function<Job, Mask> masks;
    private final InstantSource clock;

    /** @param masks hide what no line of a job may repeat */
    Callbacks(Desk desk, Store store, ProgressIntake progress, Function<Job, Mask> masks, InstantSource clock) {
        this.desk = desk;
        this.store = store;
        this.progress = progress;
        this.masks = masks;
        this.clock = clock;
    }

    /** Before a body is read. */
    static void check(Context context, Optional<String> token) {
        if (token.isEmpty())
            throw new Refusal(503, "callbacks are not taken: set INTERNAL_AUTH_TOKEN on the server and its jobs");
        String shown = context.header(HEADER);
        if (shown == null) throw new Refusal(422, HEADER + ": header required");
        boolean equal = MessageDigest.isEqual(
                token.get().getBytes(StandardCharsets.UTF_8), shown.getBytes(StandardCharsets.UTF_8));
        if (!equal) throw new Refusal(403, "Invalid internal auth token");
    }

    /** One call about a job, and what is answered. */
    private final class Call {
        final Job job;
        final Optional<Attempt> attempt;
        final List<String> warnings = new ArrayList<>();
        final ObjectNode answer;

        Call(String id) {
            job = desk.find(id);
            attempt = job.state().liveAttempt();
            answer = JsonNodeFactory.instance.objectNode().put("status", "ok").put("job_id", Answers.id(job));
        }

        void measured(Optional<Long> step, Map<String, Double> values) {
            if (values.isEmpty()) return;
            attempt.ifPresent(live -> progress.measured(job.id(), live.number(), step, values, clock.instant()));
        }

        void line(String text) {
            attempt.ifPresent(live -> store.logs()
                    .append(
                            new Logs.Source(job.id(), live.number(), 0, STREAM),
                            List.of(new Logs.NewLine(clock.instant(), masked(text))),
                            0));
        }

        void warning(String text) {
            attempt.ifPresent(live -> store.events()
                    .append(new Event(
                            job.id(),
                            0,
                            clock.instant(),
                            Event.Kind.WARNING,
                            Optional.of(live.number()),
                            masked(text))));
        }

        private String masked(String text) {
            return Scalars.cut(masks.apply(job).apply(text), MAX_LINE_CHARACTERS);
        }

        ObjectNode done() {
            answer.put("stored", attempt.isPresent());
            if (!warnings.isEmpty()) warnings.forEach(answer.putArray("warnings")::add);
            return answer;
        }
    }

    ObjectNode status(Context context, String id) {
        var call = new Call(id);
        ObjectNode body = Bodies.read(context, Tables.STATUS, Bodies.MAX_BYTES, call.warnings);
        String word = Scalars.cut(body.get("status").stringValue(), MAX_NAME_CHARACTERS);
        number(body, "progress").ifPresent(value -> call.measured(Optional.empty(), Map.of("progress", value)));
        call.line("[STATUS] " + word);
        String error = body.get("error").stringValue("");
        if (!error.isEmpty()) call.warning("the trainer reports " + word + ": " + error);
        call.answer.put("new_status", word);
        return call.done();
    }

    ObjectNode metric(Context context, String id) {
        var call = new Call(id);
        ObjectNode body = Bodies.read(context, Tables.METRIC, Bodies.MAX_BYTES, call.warnings);
        call.measured(
                step(body),
                Map.of(name(body.get("name").stringValue()), body.get("value").doubleValue()));
        return call.done();
    }

    ObjectNode log(Context context, String id) {
        var call = new Call(id);
        ObjectNode body = Bodies.read(context, Tables.LOG, Bodies.MAX_BYTES, call.warnings);
        String level = Scalars.cut(body.get("level").stringValue(), MAX_NAME_CHARACTERS);
        body.get("message").stringValue().lines().forEach(line -> call.line("[" + level + "] " + line));
        return call.done();
    }

    ObjectNode trainingMetrics(Context context, String id) {
        var call = new Call(id);
        ObjectNode body = Bodies.read(context, Tables.TRAINING_METRICS, Bodies.MAX_BYTES, call.warnings);
        var values = numbers(body.path("extra_metrics"));
        for (String name : List.of("loss", "accuracy", "learning_rate", "epoch"))
            number(body, name).ifPresent(value -> values.put(name, value));
        call.measured(step(body), values);
        String checkpoint = body.get("checkpoint_path").stringValue("");
        if (!checkpoint.isEmpty())
            call.attempt.ifPresent(live -> progress.checkpoint(
                    call.job.id(), live.number(), step(body).orElse(0L), call.masked(checkpoint), clock.instant()));
        return call.done();
    }

    /** Results have no published fields: their numbers become series, and all of it stands in the log. */
    ObjectNode results(Context context, String id, String what) {
        var call = new Call(id);
        Json.Parsed.Tree tree = Bodies.tree(context, MAX_BYTES);
        if (!tree.root().isObject()) throw new Bodies.Wrong(List.of(Request.notAnObject()));
        var values = new HashMap<String, Double>();
        numbers(tree.root()).forEach((name, value) -> values.put("val_" + name, value));
        numbers(tree.root().path("metrics")).forEach((name, value) -> values.put("val_" + name, value));
        values.keySet().removeAll(List.of("val_step", "val_epoch", "val_job_id"));
        call.measured(step(tree.root()), values);
        call.line("[" + what + "] " + Json.text(tree.root(), Json.Style.WHOLE));
        return call.done();
    }

    ObjectNode health(String id) {
        Job job = desk.find(id);
        return JsonNodeFactory.instance
                .objectNode()
                .put("status", "healthy")
                .put("job_id", Answers.id(job))
                .put("job_status", Answers.status(job).word());
    }

    private static Optional<Long> step(JsonNode body) {
        return whole(body.path("step")).or(() -> whole(body.path("epoch")));
    }

    private static Optional<Long> whole(JsonNode value) {
        return value.isIntegralNumber() && value.canConvertToLong() && value.longValue() >= 0
                ? Optional.of(value.longValue())
                : Optional.empty();
    }

    private static Optional<Double> number(JsonNode body, String name) {
        JsonNode value = body.path(name);
        return value.isNumber() && Double.isFinite(value.doubleValue())
                ? Optional.of(value.doubleValue())
                : Optional.empty();
    }

    private static Map<String, Double> numbers(JsonNode object) {
        var numbers = new HashMap<String, Double>();
        for (var entry : object.properties()) {
            if (numbers.size() == MAX_SERIES) break;
            number(object, entry.getKey()).ifPresent(value -> numbers.put(name(entry.getKey()), value));
        }
        return numbers;
    }

    private static String name(String given) {
        return given.length() <= MAX_NAME_CHARACTERS ? given : given.substring(0, MAX_NAME_CHARACTERS);
    }
}
