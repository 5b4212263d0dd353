package io.trainyard.contract.studio;

import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import io.javalin.http.HandlerType;
import io.trainyard.access.Tokens;
import io.trainyard.admission.Admission;
import io.trainyard.admission.Answer;
import io.trainyard.contract.root.RootOffer;
import io.trainyard.http.Body;
import io.trainyard.http.Contract;
import io.trainyard.http.IdempotencyKey;
import io.trainyard.http.Prefix;
import io.trainyard.http.Refusal;
import io.trainyard.job.Identity;
import io.trainyard.job.Job;
import io.trainyard.job.JobState;
import io.trainyard.job.Reason;
import io.trainyard.job.Wish;
import io.trainyard.store.Store;
import io.trainyard.wire.Json;
import io.trainyard.wire.RawPath;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** The routes of the studio contract, under its prefix. Slashes at the end of a path are nothing. */
public final class StudioContract implements Contract {
    static final String PREFIX = "/studio";
    private static final int MAX_BODY_BYTES = 1 << 20;
    private static final Pattern CHARSET = Pattern.compile("charset\\s*=\\s*\"?([^\";\\s]*)");

    private final Admission admission;
    private final Tokens tokens;
    private final StudioSettings settings;
    private final RandomGenerator random;
    private final ClusterNames names;
    private final Shelf shelf;

    /** @param random makes the ids that clients know their jobs by */
    public StudioContract(
            Admission admission, Store store, Tokens tokens, StudioSettings settings, RandomGenerator random) {
        this.admission = admission;
        this.tokens = tokens;
        this.settings = settings;
        this.random = random;
        this.names = new ClusterNames(store.jobs());
        this.shelf = new Shelf(store, admission, settings);
    }

    @Override
    public List<String> prefixes() {
        return List.of(PREFIX);
    }

    @Override
    public void mount(RoutesConfig routes) {
        Prefix.mount(routes, PREFIX, this::serve);
    }

    @Override
    public void refuse(Context context, int status, String message) {
        String text = switch (status) {
            case 404 -> message.isEmpty() ? "Not Found" : message;
            case 405 -> "Method Not Allowed";
            default -> message;
        };
        context.status(status).contentType("application/json").result(Answers.error(text));
    }

    private void serve(Context context, String rawPath) {
        answering(context, () -> route(context, parts(rawPath)));
    }

    /** Slashes at the end are nothing. */
    private static String[] parts(String rawPath) {
        return rawPath.replaceAll("/+$", "").split("/", -1);
    }

    private void answering(Context context, Runnable answer) {
        try {
            answer.run();
        } catch (Refusal refusal) {
            refuse(context, refusal.status(), refusal.message());
        }
    }

    /** @param path its parts, beginning with the empty one before the first slash */
    private void route(Context context, String[] path) {
        String first = path.length > 1 ? path[1] : "";
        if (first.equals("health") && path.length == 2) {
            only(context, HandlerType.GET);
            answer(context, 200, health());
        } else if (first.equals("train") && path.length == 2) {
            only(context, HandlerType.POST);
            allow(context);
            train(context, () -> body(context));
        } else if (first.equals("jobs") && path.length == 2) {
            only(context, HandlerType.GET);
            allow(context);
            answer(context, 200, shelf.page(context));
        } else if (first.equals("jobs") && path.length == 3) {
            job(context, RawPath.decode(path[2]));
        } else if (first.equals("jobs") && path.length == 4 && path[3].equals("cancel")) {
            only(context, HandlerType.POST);
            allow(context);
            cancel(context, RawPath.decode(path[2]));
        } else {
            throw new Refusal(404, "");
        }
    }

    private void job(Context context, String id) {
        if (context.method().equals(HandlerType.DELETE)) {
            allow(context);
            delete(context, id);
        } else {
            only(context, HandlerType.GET, HandlerType.DELETE);
            allow(context);
            answer(context, 200, wrapped(shelf.whole(shelf.find(id), context)));
        }
    }

    /** @param methods HEAD goes where GET does */
    private static void only(Context context, HandlerType... methods) {
        for (HandlerType method : methods) {
            boolean head = method.equals(HandlerType.GET) && context.method().equals(HandlerType.HEAD);
            if (head || context.method().equals(method)) return;
        }
        context.header(
                "Allow",
                String.join(
                        ", ", List.of(methods).stream().map(HandlerType::name).toList()));
        throw new Refusal(405, "");
    }

    /** Always before the body is read. */
    private void allow(Context context) {
        tokens.require(context);
    }

    /** What the root shows too, with more. */
    public ObjectNode health() {
        ObjectNode health = Json.MAPPER.createObjectNode().put("status", "ok");
        health.put("repoRoot", settings.root().toString())
                .put("defaultBackend", settings.standard().word());
        var backends = health.putArray("backends");
        for (Target target : Target.values()) backends.add(target.word());
        return health;
    }

    private void train(Context context, Supplier<Json.Parsed.Tree> read) {
        Optional<String> key = IdempotencyKey.of(context);
        Json.Parsed.Tree body = read.get();
        var request = new Request(body.root(), body.odd(), settings);
        String id = uuid();
        Answer answer = names.with(
                request,
                id,
                name -> admission.submit(
                        new Translator(request, settings, id, name).wanted(Identity.DEFAULT_PROJECT, key)));
        switch (answer) {
            case Answer.Accepted accepted -> accepted(context, accepted.job());
            case Answer.Repeated repeated -> answer(context, 202, wrapped(shelf.summary(repeated.job())));
            case Answer.KeyReused _ ->
                throw new Refusal(422, "Idempotency-Key: this key came before with another body");
            case Answer.Refused refused -> throw new Refusal(400, String.join("; ", refused.objections()));
            case Answer.Taken taken -> throw new IllegalStateException("a fresh id is taken: " + taken.job());
        }
    }

    /** As it was recorded: what has become of it since is for the next look. */
    private static void accepted(Context context, Job job) {
        Job recorded = job.withState(new JobState.Queued(1, job.created(), Reason.JUST_SUBMITTED), job.created());
        answer(context, 202, wrapped(Answers.summary(recorded, Answers.Seen.NOTHING)));
    }

    private void cancel(Context context, String id) {
        Job job = shelf.find(id);
        Job after = admission.wish(job.id(), Wish.CANCEL).orElseThrow(() -> new Refusal(404, Shelf.UNKNOWN));
        answer(context, 200, wrapped(shelf.summary(after)));
    }

    /** The job as it was; while it still runs, it is stopped first and then goes. */
    private void delete(Context context, String id) {
        Job job = shelf.find(id);
        ObjectNode gone = shelf.summary(job);
        if (!job.state().ended()) {
            job = admission.wish(job.id(), Wish.DELETE).orElseThrow(() -> new Refusal(404, Shelf.UNKNOWN));
            gone = shelf.summary(job);
        }
        // It may have ended meanwhile, and a wish changes nothing about a finished job.
        if (job.state().ended()) shelf.remove(job);
        answer(context, 200, wrapped(gone));
    }

    /** What is sent as something else than JSON says nothing, as an empty body does. */
    private static Json.Parsed.Tree body(Context context) {
        String type = context.header("Content-Type");
        byte[] bytes = Body.read(context, MAX_BODY_BYTES);
        var nothing = new Json.Parsed.Tree(JsonNodeFactory.instance.objectNode(), false);
        if (bytes.length == 0 || !RawPath.mayBeJson(type)) return nothing;
        Matcher charset = CHARSET.matcher(type == null ? "" : type.toLowerCase(Locale.ROOT));
        if (charset.find() && !charset.group(1).equals("utf-8"))
            throw new Refusal(415, "Content-Type: unsupported charset \"" + charset.group(1) + "\"; send UTF-8");
        return switch (Json.read(bytes)) {
            case Json.Parsed.Tree tree -> {
                JsonNode root = tree.root();
                if (!root.isContainer()) throw new Refusal(400, "the body must be a JSON object");
                yield tree;
            }
            case Json.Parsed.Broken broken ->
                throw new Refusal(
                        400, "the body is not valid JSON: %s (byte %d)".formatted(broken.error(), broken.offset()));
            case Json.Parsed.Unreadable _ ->
                throw new Refusal(
                        400,
                        "the body is not valid JSON: not UTF-8, or nested more than %d deep".formatted(Json.MAX_DEPTH));
        };
    }

    private String uuid() {
        long high = (random.nextLong() & 0xFFFF_FFFF_FFFF_0FFFL) | 0x4000;
        long low = (random.nextLong() & 0x3FFF_FFFF_FFFF_FFFFL) | 0x8000_0000_0000_0000L;
        return new UUID(high, low).toString();
    }

    private static JsonNode wrapped(ObjectNode job) {
        return Json.MAPPER.createObjectNode().set("job", job);
    }

    private static void answer(Context context, int status, JsonNode body) {
        context.status(status).contentType("application/json").result(Answers.bytes(body));
    }

    public RootOffer rootOffer() {
        return new Offer();
    }

    private final class Offer implements RootOffer {
        @Override
        public String contract() {
            return Translator.CONTRACT;
        }

        @Override
        public String prefix() {
            return PREFIX;
        }

        @Override
        public List<String> required() {
            return List.of("dataset_file", "output_dir");
        }

        @Override
        public boolean claims(JsonNode body) {
            return body.has("dataset_file") || body.path("trainer_args").has("dataset_file");
        }

        @Override
        public Match match(HandlerType method, String path) {
            String[] parts = parts(path);
            if (parts.length < 2 || !parts[1].equals("jobs") || parts.length > 4) return new Match.None();
            if (parts.length == 2) return new Match.Route();
            if (parts.length == 4 && !parts[3].equals("cancel")) return new Match.None();
            return shelf.look(RawPath.decode(parts[2]))
                    .<Match>map(job -> new Match.OfJob(job.created()))
                    .orElse(new Match.Route());
        }

        @Override
        public void submit(Context context, Json.Parsed.Tree body, int bytes) {
            answering(context, () -> {
                if (bytes > MAX_BODY_BYTES)
                    throw new Refusal(413, "the body is larger than " + MAX_BODY_BYTES + " bytes");
                train(context, () -> body);
            });
        }

        @Override
        public void serve(Context context, String path) {
            StudioContract.this.serve(context, path);
        }

        @Override
        public void refuse(Context context, int status, String message) {
            StudioContract.this.refuse(context, status, message);
        }
    }
}
