package io.trainyard.contract.trainer;

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
import io.trainyard.webhook.AddressPolicy;
import io.trainyard.wire.Details;
import io.trainyard.wire.Json;
import io.trainyard.wire.Problem;
import io.trainyard.wire.RawPath;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The routes of the three trainer services, under their prefixes; what they offer the root besides. Paths are read as they came, because
 * a client's id may hold any character; a path is decoded once.
 */
public final class TrainerContract implements Contract {
    private static final int MAX_BODY_BYTES = 5 << 20;
    private static final byte[] OK = "{\"status\":\"ok\"}".getBytes(StandardCharsets.UTF_8);

    private final Admission admission;
    private final Store store;
    private final Tokens tokens;
    private final AddressPolicy addresses;
    private final RuntimeDefaults runtime;
    private final ApiDocs docs = new ApiDocs();
    private final JobSpecs specs = new JobSpecs();
    private final FirstWord firstWord;

    public TrainerContract(
            Admission admission, Store store, Tokens tokens, AddressPolicy addresses, RuntimeDefaults runtime) {
        this.admission = admission;
        this.store = store;
        this.tokens = tokens;
        this.addresses = addresses;
        this.runtime = runtime;
        firstWord = new FirstWord(store);
    }

    @Override
    public List<String> prefixes() {
        return List.of("/nemo", "/meta", "/hf-unsloth");
    }

    @Override
    public void mount(RoutesConfig routes) {
        for (Service service : Service.ALL)
            Prefix.mount(routes, "/" + service.word, (context, path) -> serve(context, service, path));
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

    /** One for each service, which are one contract at the root. */
    public List<RootOffer> rootOffers() {
        return Service.ALL.stream()
                .<RootOffer>map(service -> new ServiceAtRoot(this, service))
                .toList();
    }

    void serve(Context context, Service service, String path) {
        try {
            route(context, service, path);
        } catch (Refusal refusal) {
            refuse(context, refusal.status(), refusal.message());
        }
    }

    private void route(Context context, Service service, String path) {
        HandlerType method = context.method();
        if (path.equals("/train") || path.equals("/train/")) {
            if (!method.equals(HandlerType.POST)) throw Refusal.ofMethod(context, HandlerType.POST);
            tokens.require(context);
            submit(context, service);
        } else if (path.startsWith("/train/")) {
            jobRoute(context, service, method, path.substring("/train/".length()));
        } else if (path.equals("/healthz")) {
            if (!method.equals(HandlerType.GET)) throw Refusal.ofMethod(context, HandlerType.GET);
            answer(context, 200, OK);
        } else if (docs.serves(path)) {
            if (!method.equals(HandlerType.GET)) throw Refusal.ofMethod(context, HandlerType.GET);
            docs.serve(context, service, path);
        } else {
            throw new Refusal(404, "");
        }
    }

    private void jobRoute(Context context, Service service, HandlerType method, String rawId) {
        if (method.equals(HandlerType.GET)) {
            tokens.require(context);
            show(context, service, RawPath.decode(rawId));
        } else if (method.equals(HandlerType.POST) && rawId.endsWith("/cancel")) {
            String raw = rawId.substring(0, rawId.length() - "/cancel".length());
            tokens.require(context);
            cancel(context, service, RawPath.decode(raw));
        } else if (rawId.endsWith("/cancel")) {
            throw Refusal.ofMethod(context, HandlerType.GET, HandlerType.POST);
        } else {
            throw Refusal.ofMethod(context, HandlerType.GET);
        }
    }

    private void submit(Context context, Service service) {
        if (!RawPath.mayBeJson(context.header("Content-Type"))) {
            wrong(context, List.of(Request.notAnObject()));
            return;
        }
        switch (Json.read(Body.read(context, MAX_BODY_BYTES))) {
            case Json.Parsed.Tree tree -> submit(context, service, tree);
            case Json.Parsed.Broken broken -> answer(context, 422, Details.broken(broken));
            case Json.Parsed.Unreadable _ -> refuse(context, 400, "There was an error parsing the body");
        }
    }

    void submit(Context context, Service service, Json.Parsed.Tree tree) {
        Optional<String> key = IdempotencyKey.of(context);
        switch (Request.read(tree.root(), tree.odd(), service, runtime)) {
            case Request.Reading.Wrong wrong -> wrong(context, wrong.problems());
            case Request.Reading.Refused refused -> refuse(context, 400, refused.text());
            case Request.Reading.Good good -> {
                List<Problem> problems = Callbacks.problems(good.request(), addresses);
                if (problems.isEmpty())
                    answer(
                            context,
                            service,
                            admission.submit(
                                    Translator.wanted(good.request(), Identity.DEFAULT_PROJECT, runtime, key)));
                else wrong(context, problems);
            }
        }
    }

    private void answer(Context context, Service service, Answer answer) {
        switch (answer) {
            case Answer.Accepted accepted -> accepted(context, service, firstWord.of(accepted.job()));
            case Answer.Repeated repeated -> job(context, service, repeated.job(), JobSpecs::once);
            case Answer.Taken taken -> {
                String jobId = taken.job().identity().clientId().orElseThrow();
                String text = "TrainJob %s already exists: job_id %s is %s with another body"
                        .formatted(
                                service.backendJobId(jobId),
                                jobId,
                                Answers.status(taken.job()).word());
                answer(context, 400, Details.text(text));
            }
            case Answer.KeyReused _ ->
                answer(
                        context,
                        422,
                        Details.problems(
                                "header",
                                List.of(new Problem(
                                        Problem.Path.BODY.child("Idempotency-Key"),
                                        "this key came before with another body",
                                        "value_error.idempotency_key",
                                        null,
                                        Map.of()))));
            case Answer.Refused refused -> answer(context, 400, Details.text(String.join("; ", refused.objections())));
        }
    }

    private void accepted(Context context, Service service, Job job) {
        Optional<String> refusal = firstWord.refusal(job);
        if (refusal.isPresent()) refuse(context, 400, refusal.get());
        else
            job(
                    context,
                    service,
                    job,
                    FirstWord.created(job).map(Answers::created).orElseGet(() -> Answers.status(job)),
                    JobSpecs::once);
    }

    private void show(Context context, Service service, String jobId) {
        Optional<Job> job = find(service, jobId);
        if (job.isPresent()) job(context, service, job.get(), specs::kept);
        else unknown(context, jobId);
    }

    private void cancel(Context context, Service service, String jobId) {
        Optional<Job> before = find(service, jobId);
        Optional<Job> after = before.flatMap(job -> admission.wish(job.id(), Wish.CANCEL));
        if (after.isEmpty()) {
            unknown(context, jobId);
        } else if (before.orElseThrow().state().ended()) {
            String word = Answers.status(after.get()).word();
            job(context, service, after.get(), new Answers.Status(word, "Job already " + word), specs::kept);
        } else {
            job(context, service, after.get(), specs::kept);
        }
    }

    Optional<Job> find(Service service, String jobId) {
        return store.jobs()
                .newest(new Identity(
                        Identity.DEFAULT_PROJECT, Translator.CONTRACT, service.word, Optional.of(jobId), 1));
    }

    private static void unknown(Context context, String jobId) {
        answer(context, 404, Details.text("Job " + jobId + " not found"));
    }

    private void job(Context context, Service service, Job job, JobSpecs.Writing spec) {
        job(context, service, job, Answers.status(job), spec);
    }

    private void job(Context context, Service service, Job job, Answers.Status status, JobSpecs.Writing spec) {
        String name = ClusterObject.backendJobId(store.jobs(), job);
        answer(
                context,
                200,
                Answers.job(
                        new Answers.Shown(service, name, FirstWord.isAwaitedOf(job) ? JobSpecs::object : spec),
                        job,
                        status));
    }

    private static void wrong(Context context, List<Problem> problems) {
        answer(context, 422, Details.problems("body", problems));
    }

    private static void answer(Context context, int status, byte[] body) {
        context.status(status).contentType("application/json").result(body);
    }
}
