package io.trainyard.contract.trainyard;

import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import io.trainyard.admission.Admission;
import io.trainyard.http.EventStream;
import io.trainyard.http.Refusal;
import io.trainyard.job.Event;
import io.trainyard.job.Job;
import io.trainyard.job.JobId;
import io.trainyard.job.JobState;
import io.trainyard.store.Jobs.Filter;
import io.trainyard.store.Jobs.Page;
import io.trainyard.store.Logs.Line;
import io.trainyard.store.Store;
import io.trainyard.stream.Streams;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** The reading half of our API: one job, pages of jobs, and events, logs and metrics from a cursor on. */
final class Reading {
    private static final int MAX_PAGE = 10_000;
    private static final int MAX_PAGE_CHARACTERS = 4 * 1024 * 1024;
    private static final int LINES_AT_ONCE = 100;
    private static final int AMBIGUOUS_SHOWN = 5;
    /** Sequences, line numbers and steps stay exact in a client that reads numbers as doubles. */
    private static final long MAX_NUMBER = (1L << 53) - 1;

    private static final Pattern DIGITS = Pattern.compile("[0-9]{1,16}");

    private final Store store;
    private final Admission admission;
    private final Streams streams;
    private final InstantSource clock;

    Reading(Store store, Admission admission, Streams streams, InstantSource clock) {
        this.store = store;
        this.admission = admission;
        this.streams = streams;
        this.clock = clock;
    }

    void mount(RoutesConfig routes) {
        String job = TrainyardContract.PREFIX + "/jobs/{id}";
        routes.get(job + "/events", this::events);
        routes.get(job + "/logs", this::logs);
        routes.get(job + "/logs/download", this::download);
        routes.get(job + "/metrics", this::metrics);
        routes.get(
                job + "/artifacts", context -> answer(context, FileLists.artifacts(admission.places(find(context)))));
        routes.get(
                job + "/checkpoints",
                context -> answer(context, FileLists.checkpoints(admission.places(find(context)))));
        routes.get(TrainyardContract.PREFIX + "/events", context -> {
            if (!EventStream.wanted(context))
                throw new Refusal(406, "this feed is served as text/event-stream only; say so in Accept");
            streams.all(EventStream.open(context), event -> text(JobView.of(event)));
        });
    }

    /** The job of the path: by its whole id, or by an unambiguous beginning of it, with or without {@code job_}. */
    Job find(Context context) {
        String shown = context.pathParam("id");
        String prefix = shown.startsWith(JobId.PREFIX) ? shown : JobId.PREFIX + shown;
        Optional<Job> exact = store.jobs().find(new JobId(prefix));
        if (exact.isPresent()) return exact.get();
        List<JobId> candidates = store.jobs().startingWith(prefix, AMBIGUOUS_SHOWN);
        if (candidates.size() > 1)
            throw new Refusal(
                    409, "\"" + shown + "\" begins more than one id: " + String.join(", ", words(candidates)));
        return candidates.stream()
                .findFirst()
                .flatMap(store.jobs()::find)
                .orElseThrow(() -> new Refusal(404, "no job " + shown));
    }

    private static List<String> words(List<JobId> ids) {
        return ids.stream().map(JobId::value).toList();
    }

    ObjectNode job(Context context) {
        return whole(find(context));
    }

    ObjectNode whole(Job job) {
        Optional<Long> position = job.state() instanceof JobState.Queued
                ? Optional.of(store.jobs().ahead(job) + 1)
                : Optional.empty();
        ObjectNode view = JobView.whole(
                job, store.metrics().progress(job.id()), position, store.jobs().attempts(job.id()), clock.instant());
        admission.manifest(job).ifPresent(manifest -> view.put("manifest", manifest));
        return view;
    }

    ObjectNode page(Filter filter, Optional<String> cursor, int limit) {
        var page = list(filter, cursor, limit);
        ObjectNode body = JobView.JSON.createObjectNode();
        ArrayNode jobs = body.putArray("jobs");
        for (Job job : page.jobs()) jobs.add(JobView.of(job, store.metrics().progress(job.id()), clock.instant()));
        body.put("next_cursor", page.next().orElse(null));
        return body;
    }

    private Page list(Filter filter, Optional<String> cursor, int limit) {
        try {
            return store.jobs().list(filter, cursor, limit);
        } catch (IllegalArgumentException notACursor) {
            throw new Refusal(422, "cursor: \"" + cursor.orElse("") + "\" did not come from this list");
        }
    }

    private void events(Context context) {
        Job job = find(context);
        if (EventStream.wanted(context)) {
            long after = lastEventId(context).orElse(number(context, "after", 0, 0));
            streams.events(job.id(), after, EventStream.open(context), event -> text(JobView.of(event)));
            return;
        }
        ObjectNode body = JobView.JSON.createObjectNode();
        ArrayNode list = body.putArray("events");
        for (Event event :
                store.events().after(job.id(), number(context, "after", 0, 0), limit(context, 1000, MAX_PAGE)))
            list.add(JobView.of(event));
        answer(context, body);
    }

    private void logs(Context context) {
        Job job = find(context);
        long from = from(context, job);
        if (EventStream.wanted(context)) {
            from = lastEventId(context).map(last -> last + 1).orElse(from);
            streams.logs(job.id(), from, EventStream.open(context), line -> text(JobView.of(line)));
            return;
        }
        ObjectNode body = JobView.JSON.createObjectNode();
        ArrayNode list = body.putArray("lines");
        answer(context, body.put("next", lines(job, from, limit(context, 1000, MAX_PAGE), list)));
    }

    /** Ends early where the lines are long: a page is bounded in bytes as well. */
    private long lines(Job job, long from, int limit, ArrayNode list) {
        long next = from;
        int characters = 0;
        while (list.size() < limit && characters < MAX_PAGE_CHARACTERS) {
            var lines = store.logs().read(job.id(), next, Math.min(LINES_AT_ONCE, limit - list.size()));
            if (lines.isEmpty()) break;
            for (Line line : lines) {
                list.add(JobView.of(line));
                characters += line.text().length();
            }
            next = lines.getLast().number() + 1;
        }
        return next;
    }

    private long from(Context context, Job job) {
        if (context.queryParam("tail") == null) return number(context, "from", 1, 1);
        if (context.queryParam("from") != null) throw new Refusal(422, "tail: say either tail or from, not both");
        return Math.max(1, store.logs().last(job.id()) - number(context, "tail", 0, 0) + 1);
    }

    private void download(Context context) {
        Job job = find(context);
        new LogFile(store.logs(), job.id()).send(context, from(context, job));
    }

    private void metrics(Context context) {
        answer(context, Curves.of(store.metrics(), find(context), context));
    }

    private static Optional<Long> lastEventId(Context context) {
        String id = context.header("Last-Event-ID");
        if (id == null || id.isEmpty()) return Optional.empty();
        return Optional.of(whole("Last-Event-ID", id, 0));
    }

    static int limit(Context context, int otherwise, int most) {
        long limit = number(context, "limit", otherwise, 1);
        if (limit > most) throw new Refusal(422, "limit: " + limit + " is more than " + most);
        return (int) limit;
    }

    static long number(Context context, String name, long otherwise, long least) {
        String text = context.queryParam(name);
        return text == null ? otherwise : whole(name, text, least);
    }

    private static long whole(String name, String text, long least) {
        long number = DIGITS.matcher(text).matches() ? Long.parseLong(text) : -1;
        if (number >= least && number <= MAX_NUMBER) return number;
        throw new Refusal(422, "%s: \"%s\" is no whole number from %d to %d".formatted(name, text, least, MAX_NUMBER));
    }

    private static String text(ObjectNode node) {
        return JobView.JSON.writeValueAsString(node);
    }

    private static void answer(Context context, ObjectNode body) {
        context.contentType("application/json").result(JobView.JSON.writeValueAsBytes(body));
    }
}
