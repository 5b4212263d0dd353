package io.trainyard.contract.trainyard;

import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import io.javalin.http.HandlerType;
import io.trainyard.access.Tokens;
import io.trainyard.admission.Admission;
import io.trainyard.admission.Answer;
import io.trainyard.admission.Wanted;
import io.trainyard.http.Body;
import io.trainyard.http.Contract;
import io.trainyard.http.Problem;
import io.trainyard.http.Problem.FieldError;
import io.trainyard.http.Refusal;
import io.trainyard.job.Identity;
import io.trainyard.job.Job;
import io.trainyard.job.Wish;
import io.trainyard.store.Jobs.Filter;
import io.trainyard.store.StateWord;
import io.trainyard.store.Store;
import io.trainyard.stream.Streams;
import io.trainyard.webhook.AddressPolicy;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Our own API below {@code /api/v1}: create, read, list and steer jobs. What is followed over time is {@link Reading}. */
public final class TrainyardContract implements Contract {
    static final String PREFIX = "/api/v1";
    private static final String MANY = PREFIX + "/jobs/cancel";
    private static final int MAX_BODY_BYTES = 5 * 1024 * 1024;
    private static final int MAX_DEPTH = 100;
    private static final Pattern JSON_TYPE =
            Pattern.compile("application/([a-z0-9.+-]+\\+)?json *(;.*)?", Pattern.CASE_INSENSITIVE);
    private static final JsonMapper STRICT = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(MAX_DEPTH)
                            .build())
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .build())
            .build();

    private final Admission admission;
    private final Store store;
    private final AddressPolicy addresses;
    private final Tokens tokens;
    private final InstantSource clock;
    private final Reading reading;

    /** What stands behind it. */
    public record Behind(Admission admission, Store store, Streams streams, AddressPolicy addresses) {}

    public TrainyardContract(Behind behind, Tokens tokens, InstantSource clock) {
        this.admission = behind.admission();
        this.store = behind.store();
        this.addresses = behind.addresses();
        this.tokens = tokens;
        this.clock = clock;
        this.reading = new Reading(store, admission, behind.streams(), clock);
    }

    @Override
    public List<String> prefixes() {
        return List.of(PREFIX);
    }

    @Override
    public void mount(RoutesConfig routes) {
        ApiPage.mount(routes);
        routes.before(PREFIX + "/*", this::admit);
        routes.before(MANY, TrainyardContract::onlyPosted);
        routes.post(PREFIX + "/jobs", this::create);
        routes.get(PREFIX + "/jobs", this::list);
        routes.post(PREFIX + "/plan", this::plan);
        routes.post(MANY, this::cancelMany);
        routes.get(PREFIX + "/jobs/{id}", context -> answer(context, 200, reading.job(context)));
        routes.delete(PREFIX + "/jobs/{id}", this::delete);
        routes.post(PREFIX + "/jobs/{id}/cancel", context -> wish(context, Wish.CANCEL));
        routes.post(PREFIX + "/jobs/{id}/pause", context -> wish(context, Wish.PAUSE));
        routes.post(PREFIX + "/jobs/{id}/resume", context -> wish(context, Wish.RUN));
        routes.post(PREFIX + "/jobs/{id}/retry", this::retry);
        routes.post(PREFIX + "/jobs/{id}/clone", this::copy);
        reading.mount(routes);
        Deliveries.mount(routes, () -> new Deliveries(reading::find, store.outbox(), clock));
    }

    @Override
    public void refuse(Context context, int status, String message) {
        Problem.of(status, message).write(context);
    }

    private void admit(Context context) {
        switch (tokens.check(context.header(Tokens.HEADER), context.header("Authorization"))) {
            case ALLOWED -> {}
            case MISSING -> {
                context.header("WWW-Authenticate", "Bearer");
                throw new Refusal(401, "a token is wanted: send Authorization: Bearer <token>");
            }
            case WRONG -> throw new Refusal(403, "the token is not valid here");
        }
    }

    /** It reads like the path of a job, whose methods would be offered here. */
    private static void onlyPosted(Context context) {
        if (context.method().equals(HandlerType.POST)) return;
        context.header("Allow", "POST");
        throw new Refusal(405, "Method Not Allowed");
    }

    private void create(Context context) {
        wanted(context).ifPresent(wanted -> {
            if (Filters.flag(context, "dry_run")) planned(context, wanted);
            else submitted(context, admission.submit(wanted));
        });
    }

    /** Empty when the body was refused, and the refusal is written. */
    private Optional<Wanted> wanted(Context context) {
        CreateRequest request = CreateRequest.read(body(context), addresses);
        if (!request.errors().isEmpty()) {
            Problem.invalid(request.errors()).write(context);
            return Optional.empty();
        }
        return Optional.of(new Wanted(
                new Identity(Identity.DEFAULT_PROJECT, "trainyard", "", Optional.empty(), 1),
                request.spec(),
                "",
                List.of(),
                request.secrets(),
                request.canonical().getBytes(StandardCharsets.UTF_8),
                idempotencyKey(context)));
    }

    private static Optional<String> idempotencyKey(Context context) {
        Optional<String> key = Optional.ofNullable(context.header("Idempotency-Key"));
        if (key.isPresent() && (key.get().isEmpty() || key.get().length() > 255))
            throw new Refusal(400, "Idempotency-Key: 1 to 255 characters are wanted");
        return key;
    }

    private static JsonNode body(Context context) {
        requireJson(context.header("Content-Type"));
        return object(Body.read(context, MAX_BODY_BYTES));
    }

    /** No body at all says as much as an empty object. */
    private static JsonNode optionalBody(Context context) {
        String type = context.header("Content-Type");
        byte[] bytes = Body.read(context, MAX_BODY_BYTES);
        if (bytes.length == 0) return JobView.JSON.createObjectNode();
        requireJson(type);
        return object(bytes);
    }

    private static void requireJson(@Nullable String type) {
        if (type != null && !JSON_TYPE.matcher(type).matches())
            throw new Refusal(415, "Content-Type: \"" + type + "\" is not application/json");
    }

    private static JsonNode object(byte[] bytes) {
        try {
            JsonNode body = STRICT.readTree(bytes);
            if (body.isObject()) return body;
        } catch (JacksonException e) {
            throw new Refusal(400, "the body is not valid JSON: " + e.getOriginalMessage());
        }
        throw new Refusal(422, "the body must be a JSON object");
    }

    private void submitted(Context context, Answer answer) {
        switch (answer) {
            case Answer.Accepted accepted -> {
                context.header("Location", PREFIX + "/jobs/" + accepted.job().id());
                answer(context, 201, reading.whole(accepted.job()));
            }
            case Answer.Repeated repeated -> answer(context, 200, reading.whole(repeated.job()));
            case Answer.Taken taken ->
                throw new Refusal(
                        409,
                        "an unfinished job has this id already: " + taken.job().id());
            case Answer.KeyReused reused ->
                throw new Refusal(
                        422,
                        "Idempotency-Key: was used with another body for "
                                + reused.job().id());
            case Answer.Refused refused ->
                Problem.invalid(objections(refused.objections())).write(context);
        }
    }

    /** An objection is a sentence that begins with its field. */
    private static List<FieldError> objections(List<String> objections) {
        var errors = new ArrayList<FieldError>();
        for (String objection : objections) {
            int colon = objection.indexOf(": ");
            String field = colon < 0 ? "placement" : objection.substring(0, colon);
            errors.add(new FieldError(field, "", colon < 0 ? objection : objection.substring(colon + 2)));
        }
        return errors;
    }

    private void plan(Context context) {
        wanted(context).ifPresent(wanted -> planned(context, wanted));
    }

    private void planned(Context context, Wanted wanted) {
        answer(context, 200, Plans.of(admission, wanted, clock.instant()));
    }

    private void list(Context context) {
        Filter filter = Filters.read(context, Set.of("cursor", "limit"));
        Optional<String> cursor = Filters.parameter(context, "cursor");
        answer(context, 200, reading.page(filter, cursor, Reading.limit(context, 50, 500)));
    }

    private void cancelMany(Context context) {
        answer(context, 200, new ManyCancelled(store.jobs(), admission).of(context));
    }

    private void wish(Context context, Wish wish) {
        Job job = reading.find(context);
        boolean already = job.state().ended();
        if (already || (job.wish().ends() && !wish.ends()))
            throw new Refusal(
                    409, "the job is " + (already ? StateWord.of(job.state()).word() : "being cancelled"));
        Job after = admission.wish(job.id(), wish).orElseThrow(() -> new Refusal(404, "no job " + job.id()));
        answer(context, 200, reading.whole(after));
    }

    private void delete(Context context) {
        Job job = reading.find(context);
        if (job.state().ended() && store.jobs().remove(job.id())) context.status(204);
        else {
            Job after = admission.wish(job.id(), Wish.DELETE).orElseThrow(() -> new Refusal(404, "no job " + job.id()));
            // It may have ended since it was read; a wish changes nothing about a finished job.
            if (after.state().ended() && store.jobs().remove(job.id())) context.status(204);
            else answer(context, 202, reading.whole(after));
        }
    }

    private void retry(Context context) {
        Job job = reading.find(context);
        if (!job.state().ended())
            throw new Refusal(
                    409, "the job is " + StateWord.of(job.state()).word() + "; only a finished job is retried");
        submitted(context, admission.retry(job, idempotencyKey(context)));
    }

    private void copy(Context context) {
        Job job = reading.find(context);
        var copy = Copies.read(job, optionalBody(context));
        if (!copy.errors().isEmpty()) Problem.invalid(copy.errors()).write(context);
        else submitted(context, copy.submit(admission, idempotencyKey(context)));
    }

    private static void answer(Context context, int status, ObjectNode body) {
        context.status(status).contentType("application/json").result(JobView.JSON.writeValueAsBytes(body));
    }
}
