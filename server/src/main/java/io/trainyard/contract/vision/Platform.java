package io.trainyard.contract.vision;

import io.javalin.http.Context;
import io.trainyard.admission.Answer;
import io.trainyard.contract.vision.VisionContract.Asked;
import io.trainyard.http.IdempotencyKey;
import io.trainyard.http.Refusal;
import io.trainyard.job.Event;
import io.trainyard.job.Identity;
import io.trainyard.job.Job;
import io.trainyard.job.Wish;
import io.trainyard.store.Jobs;
import io.trainyard.store.Store;
import io.trainyard.wire.Json;
import io.trainyard.wire.Scalars;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** The platform's training REST: a job is created, and started by a request of its own. */
final class Platform {
    private static final int CREATED = 201;
    private static final int LINES_PER_PAGE = 100;
    private static final int MAX_LINES_PER_PAGE = 1000;
    private static final int JOBS_PER_PAGE = 100;
    private static final int MAX_JOBS_PER_PAGE = 500;
    private static final int EVENTS_PER_PAGE = 500;

    private final Desk desk;
    private final Store store;

    Platform(Desk desk, Store store) {
        this.desk = desk;
        this.store = store;
    }

    JsonNode create(Asked asked) {
        Optional<String> key = IdempotencyKey.of(asked.context());
        Json.Parsed.Tree tree = Bodies.tree(asked.context(), Bodies.MAX_BYTES);
        Request request = switch (Request.create(tree.root(), tree.odd())) {
            case Request.Reading.Good good -> good.request();
            case Request.Reading.Wrong wrong -> throw new Bodies.Wrong(wrong.problems());
        };
        return switch (desk.create(request, key)) {
            case Answer.Accepted accepted -> created(asked.context(), accepted.job());
            case Answer.Repeated repeated -> created(asked.context(), repeated.job());
            case Answer.Taken taken ->
                throw new Refusal(
                        409, "Training job %d already exists, with another config".formatted(Answers.id(taken.job())));
            case Answer.KeyReused _ ->
                throw new Refusal(422, "Idempotency-Key: this key came before with another body");
            case Answer.Refused refused -> throw new Refusal(400, String.join("; ", refused.objections()));
        };
    }

    private static JsonNode created(Context context, Job job) {
        context.status(CREATED);
        return Answers.job(job);
    }

    JsonNode list(Asked asked) {
        var filter = new Jobs.Filter(
                Optional.of(Identity.DEFAULT_PROJECT),
                List.of(),
                Optional.of(Translator.CONTRACT),
                Optional.empty(),
                Map.of(),
                Optional.empty());
        int limit = (int) number(asked.context(), "limit", JOBS_PER_PAGE, MAX_JOBS_PER_PAGE);
        try {
            Jobs.Page page = store.jobs()
                    .list(filter, Optional.ofNullable(asked.context().queryParam("cursor")), limit);
            ObjectNode out = JsonNodeFactory.instance.objectNode();
            var jobs = out.putArray("jobs");
            page.jobs().forEach(job -> jobs.add(Answers.job(job)));
            page.next().ifPresentOrElse(next -> out.put("next", next), () -> out.putNull("next"));
            return out;
        } catch (IllegalArgumentException notOne) {
            throw new Refusal(422, "cursor: not a cursor: take next of the page before");
        }
    }

    JsonNode show(Asked asked) {
        return Answers.job(desk.find(asked.id()));
    }

    JsonNode status(Asked asked) {
        Job job = desk.find(asked.id());
        ObjectNode out = JsonNodeFactory.instance.objectNode();
        out.set("job", Answers.job(job));
        new Measured(store.metrics()).latest(job, out);
        return out;
    }

    JsonNode metrics(Asked asked) {
        int limit = (int) number(asked.context(), "limit", Measured.ROWS, Measured.MAX_ROWS);
        return new Measured(store.metrics()).rows(desk.find(asked.id()), limit);
    }

    JsonNode metricSchema(Asked asked) {
        return new Measured(store.metrics()).schema(desk.find(asked.id()));
    }

    /** The last lines, or those from a number on. */
    JsonNode logs(Asked asked) {
        Job job = desk.find(asked.id());
        int limit = (int) number(asked.context(), "limit", LINES_PER_PAGE, MAX_LINES_PER_PAGE);
        long last = store.logs().last(job.id());
        long from = number(asked.context(), "from", Math.max(1, last - limit + 1), Long.MAX_VALUE);
        var lines = store.logs().read(job.id(), from, limit);
        return Answers.lines(
                job, lines, lines.isEmpty() ? from : lines.getLast().number() + 1);
    }

    private static long number(Context context, String name, long standard, long most) {
        String text = context.queryParam(name);
        if (text == null) return standard;
        Long number = Scalars.wholeOf(text);
        if (number != null && number >= 1 && number <= most) return number;
        throw new Refusal(
                422, "%s: \"%s\" is no whole number from 1 to %d".formatted(name, Scalars.cut(text, 100), most));
    }

    JsonNode checkpoints(Asked asked) {
        Job job = desk.find(asked.id());
        var events = new ArrayList<Event>();
        List<Event> page;
        do {
            long after = events.isEmpty() ? 0 : events.getLast().sequence();
            page = store.events().after(job.id(), after, EVENTS_PER_PAGE);
            events.addAll(page);
        } while (page.size() == EVENTS_PER_PAGE);
        return Answers.checkpoints(job, events);
    }

    JsonNode start(Asked asked) {
        Job job = desk.find(asked.id());
        JsonNode otherwise = Bodies.read(asked.context(), Tables.START, Bodies.MAX_BYTES, new ArrayList<>());
        only(job, "start", List.of("pending"));
        return Answers.job(desk.start(job, otherwise));
    }

    JsonNode cancel(Asked asked) {
        Job job = desk.find(asked.id());
        only(job, "cancel", List.of("pending", "running"));
        return Answers.job(desk.wish(job, Wish.CANCEL));
    }

    JsonNode restart(Asked asked) {
        Job job = desk.find(asked.id());
        only(job, "restart", List.of("completed", "cancelled", "failed"));
        if (!job.state().ended())
            throw new Refusal(409, "Training job %s is still being stopped; ask again".formatted(asked.id()));
        return Answers.job(desk.restart(job));
    }

    private static void only(Job job, String verb, List<String> words) {
        String word = Answers.status(job).word();
        if (!words.contains(word)) throw new Refusal(400, "Cannot %s job with status '%s'".formatted(verb, word));
    }

    JsonNode stop(Asked asked) {
        Job job = desk.find(asked.id());
        boolean over = job.state().ended() || job.wish().ends();
        Job after = over ? job : desk.wish(job, Wish.CANCEL);
        return JsonNodeFactory.instance
                .objectNode()
                .put("job_id", Answers.id(after))
                .put("status", Answers.status(after).word())
                .put("message", over ? "Training had ended already" : "Training stopped");
    }

    JsonNode validate(Asked asked) {
        return Pages.validated(Bodies.read(asked.context(), Tables.VALIDATE, Bodies.MAX_BYTES, new ArrayList<>()));
    }
}
