package io.trainyard.contract.unified;

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
import io.trainyard.job.Wish;
import io.trainyard.store.Store;
import io.trainyard.stream.FirstWord;
import io.trainyard.wire.Details;
import io.trainyard.wire.Json;
import io.trainyard.wire.Problem;
import io.trainyard.wire.RawPath;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import tools.jackson.databind.JsonNode;

/** The routes of the unified trainer API, under its prefix; what it offers the root besides. */
public final class UnifiedContract implements Contract {
    private static final String PREFIX = "/unified";
    private static final int MAX_BODY_BYTES = 5 << 20;
    private static final byte[] OK = "{\"status\":\"ok\"}".getBytes(StandardCharsets.UTF_8);

    private final Admission admission;
    private final Store store;
    private final Tokens tokens;
    private final RunNames names;
    private final Reading reading;
    private final FirstWord firstWord;
    private final ApiDocs docs = new ApiDocs(PREFIX);

    public UnifiedContract(Admission admission, Store store, Tokens tokens) {
        this.admission = admission;
        this.store = store;
        this.tokens = tokens;
        names = new RunNames(store.jobs());
        reading = new Reading(store);
        firstWord = new FirstWord(store);
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
            case 404 -> "Not Found";
            case 405 -> "Method Not Allowed";
            default -> message;
        };
        answer(context, status, Details.text(text));
    }

    private void serve(Context context, String path) {
        try {
            route(context, path);
        } catch (Refusal refusal) {
            refuse(context, refusal.status(), refusal.message());
        }
    }

    private void route(Context context, String path) {
        if (path.equals("/healthz")) {
            mustBe(context, HandlerType.GET);
            answer(context, 200, OK);
        } else if (docs.serves(path)) {
            mustBe(context, HandlerType.GET);
            docs.serve(context, path);
        } else {
            follow(context, Route.of(context.method(), path), path);
        }
    }

    private void follow(Context context, Route route, String path) {
        if (route instanceof Route.None && !Route.isKnown(path)) throw new Refusal(404, "");
        if (route instanceof Route.None) throw Refusal.ofMethod(context, Route.methods(path));
        tokens.require(context); // always before the body is read
        switch (route) {
            case Route.None _ -> {}
            case Route.Submit _ -> submit(context);
            case Route.All _ -> reading.list(context);
            case Route.Show show -> ofJob(context, show.name(), job -> show(context, job));
            case Route.Cancel cancel -> ofJob(context, cancel.name(), job -> cancel(context, job));
            case Route.Output output -> ofJob(context, output.name(), job -> reading.lines(context, job));
        }
    }

    private void ofJob(Context context, String name, Consumer<Job> answering) {
        found(name).ifPresentOrElse(answering, () -> unknown(context, name));
    }

    private static void mustBe(Context context, HandlerType method) {
        if (!context.method().equals(method)) throw Refusal.ofMethod(context, method);
    }

    private void submit(Context context) {
        if (!RawPath.mayBeJson(context.header("Content-Type"))) {
            wrong(context, "body", List.of(Request.notAnObject()));
            return;
        }
        switch (Json.read(Body.read(context, MAX_BODY_BYTES))) {
            case Json.Parsed.Tree tree -> submit(context, tree);
            case Json.Parsed.Broken broken -> answer(context, 422, Details.broken(broken));
            case Json.Parsed.Unreadable _ -> refuse(context, 400, "There was an error parsing the body");
        }
    }

    private void submit(Context context, Json.Parsed.Tree tree) {
        Optional<String> key = IdempotencyKey.of(context);
        switch (Request.read(tree.root(), tree.odd())) {
            case Request.Reading.Wrong wrong -> wrong(context, "body", wrong.problems());
            case Request.Reading.Good good -> submit(context, good.request(), key);
        }
    }

    private void submit(Context context, Request request, Optional<String> key) {
        String name = names.choose(request);
        Answer answer = admission.submit(Translator.wanted(request, name, Identity.DEFAULT_PROJECT, key));
        // Another run may have taken the name since it was looked up.
        if (answer instanceof Answer.Taken taken && RunNames.isOfAnother(request, taken.job())) {
            name = RunNames.suffixed(request);
            answer = admission.submit(Translator.wanted(request, name, Identity.DEFAULT_PROJECT, key));
        }
        answer(context, name, answer);
    }

    private void answer(Context context, String name, Answer answer) {
        switch (answer) {
            case Answer.Accepted accepted -> accepted(context, firstWord.of(accepted.job()));
            case Answer.Repeated repeated ->
                answer(context, 201, Answers.job(repeated.job(), Answers.accepted(repeated.job())));
            case Answer.Taken _ -> answer(context, 400, Details.text("PyTorchJob " + name + " already exists"));
            case Answer.KeyReused _ ->
                wrong(
                        context,
                        "header",
                        List.of(new Problem(
                                Problem.Path.BODY.child("Idempotency-Key"),
                                "this key came before with another body",
                                "value_error.idempotency_key",
                                null,
                                Map.of())));
            case Answer.Refused refused -> answer(context, 400, Details.text(String.join("; ", refused.objections())));
        }
    }

    private void accepted(Context context, Job job) {
        Optional<String> refusal = firstWord.refusal(job);
        if (refusal.isPresent()) answer(context, 400, Details.text(refusal.get()));
        else
            answer(
                    context,
                    201,
                    Answers.job(
                            job, FirstWord.created(job).map(Answers::created).orElseGet(() -> Answers.accepted(job))));
    }

    private Optional<Job> found(String name) {
        return store.jobs().newest(RunNames.identity(name));
    }

    private static void show(Context context, Job job) {
        answer(context, 200, Answers.job(job, Answers.status(job)));
    }

    private void cancel(Context context, Job before) {
        Optional<Job> after = admission.wish(before.id(), Wish.CANCEL);
        if (after.isEmpty()) {
            unknown(context, Answers.name(before));
        } else if (before.state().ended()) {
            String word = Answers.status(after.get()).word();
            answer(context, 200, Answers.job(after.get(), new Answers.Status(word, "PyTorchJob already " + word)));
        } else {
            show(context, after.get());
        }
    }

    private static void unknown(Context context, String name) {
        answer(context, 404, Details.text("Job " + name + " not found"));
    }

    static void wrong(Context context, String root, List<Problem> problems) {
        answer(context, 422, Details.problems(root, problems));
    }

    static void answer(Context context, int status, byte[] body) {
        context.status(status).contentType("application/json").result(body);
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
            return List.of("framework", "model_id", "run_id", "checkpoint_base_uri", "dataset_uri");
        }

        @Override
        public boolean claims(JsonNode body) {
            return body.has("framework") && body.has("run_id");
        }

        @Override
        public Match match(HandlerType method, String path) {
            return switch (Route.of(method, path)) {
                case Route.None _, Route.Submit _ -> new Match.None();
                case Route.All _ -> new Match.Route();
                case Route.Show show -> of(show.name());
                case Route.Cancel cancel -> of(cancel.name());
                case Route.Output output -> of(output.name());
            };
        }

        private Match of(String name) {
            return found(name).<Match>map(job -> new Match.OfJob(job.created())).orElse(new Match.Route());
        }

        @Override
        public void submit(Context context, Json.Parsed.Tree body, int bytes) {
            UnifiedContract.this.submit(context, body);
        }

        @Override
        public void serve(Context context, String path) {
            UnifiedContract.this.serve(context, path);
        }

        @Override
        public void refuse(Context context, int status, String message) {
            UnifiedContract.this.refuse(context, status, message);
        }
    }
}
