package io.trainyard.contract.studio;

import io.javalin.http.Context;
import io.trainyard.admission.Admission;
import io.trainyard.contract.studio.LogBook.Entry;
import io.trainyard.http.Refusal;
import io.trainyard.job.Attempt;
import io.trainyard.job.Handle;
import io.trainyard.job.Identity;
import io.trainyard.job.Job;
import io.trainyard.job.JobState;
import io.trainyard.job.Outcome;
import io.trainyard.store.Jobs;
import io.trainyard.store.Jobs.AttemptRecord;
import io.trainyard.store.Store;
import io.trainyard.wire.Json;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import tools.jackson.databind.node.ObjectNode;

/** The jobs of this contract, found and shown, with as much of their logs as an answer may carry. */
final class Shelf {
    static final String UNKNOWN = "Job not found";
    private static final int PAGE = 50;
    private static final int MAX_PAGE = 200;
    private static final int MAX_ENTRIES = 5000;
    private static final int SHORT_TAIL_CHARACTERS = 2000;
    private static final int SHORT_TAIL_ENTRIES = 20;
    private static final Pattern DIGITS = Pattern.compile("[0-9]{1,16}");

    private final Store store;
    private final Admission admission;
    private final StudioSettings settings;

    Shelf(Store store, Admission admission, StudioSettings settings) {
        this.store = store;
        this.admission = admission;
        this.settings = settings;
    }

    /** @throws Refusal 404 */
    Job find(String id) {
        return look(id).orElseThrow(() -> new Refusal(404, UNKNOWN));
    }

    Optional<Job> look(String id) {
        return store.jobs().newest(new Identity(Identity.DEFAULT_PROJECT, Translator.CONTRACT, "", Optional.of(id), 1));
    }

    void remove(Job job) {
        boolean removed = store.jobs().remove(job.id());
        if (!removed && store.jobs().find(job.id()).isPresent())
            throw new IllegalStateException("a finished job does not go: " + job.id());
    }

    /** Newest first. */
    ObjectNode page(Context context) {
        var filter = new Jobs.Filter(
                Optional.empty(),
                List.of(),
                Optional.of(Translator.CONTRACT),
                Optional.empty(),
                Map.of(),
                Optional.empty());
        Optional<String> cursor =
                Optional.ofNullable(context.queryParam("cursor")).filter(text -> !text.isEmpty());
        int limit = whole(context, "limit", MAX_PAGE).orElse((long) PAGE).intValue();
        ObjectNode body = Json.MAPPER.createObjectNode();
        var jobs = body.putArray("jobs");
        try {
            Jobs.Page page = store.jobs().list(filter, cursor, limit);
            for (Job job : page.jobs()) jobs.add(summary(job));
            body.put("next", page.next().orElse(null));
        } catch (IllegalArgumentException notACursor) {
            throw new Refusal(400, "cursor: " + notACursor.getMessage() + "; send the \"next\" of a page");
        }
        return body;
    }

    /** With a short tail of its log. */
    ObjectNode summary(Job job) {
        int characters = Math.min(SHORT_TAIL_CHARACTERS, settings.maxLogCharacters());
        var page = log(job).tail(new LogBook.Limits(characters, SHORT_TAIL_ENTRIES));
        return Answers.summary(job, seen(job, Answers.tail(page.entries(), characters)));
    }

    /** With a page of its log: from an entry on where the query says so, its last entries otherwise. */
    ObjectNode whole(Job job, Context context) {
        LogBook log = log(job);
        int entries =
                whole(context, "limit", MAX_ENTRIES).orElse((long) MAX_ENTRIES).intValue();
        var limits = new LogBook.Limits(settings.maxLogCharacters(), entries);
        Optional<Long> from = whole(context, "from", Long.MAX_VALUE);
        LogBook.Page page = from.map(first -> log.from(first, limits)).orElseGet(() -> log.tail(limits));
        String tail = Answers.tail(page.entries(), settings.maxLogCharacters());
        return Answers.withLogs(Answers.summary(job, seen(job, tail)), page, log.last());
    }

    private static Optional<Long> whole(Context context, String name, long most) {
        String text = context.queryParam(name);
        if (text == null || text.isEmpty()) return Optional.empty();
        if (DIGITS.matcher(text).matches()) {
            long number = Long.parseLong(text);
            if (number >= 1 && number <= most) return Optional.of(number);
        }
        throw new Refusal(
                400, "%s: a whole number from 1 to %d is wanted, not \"%s\"".formatted(name, most, Texts.shown(text)));
    }

    private Answers.Seen seen(Job job, String tail) {
        List<AttemptRecord> attempts = store.jobs().attempts(job.id());
        Optional<Handle> last = attempts.reversed().stream()
                .map(AttemptRecord::handle)
                .flatMap(Optional::stream)
                .findFirst();
        return new Answers.Seen(started(job, attempts), last, tail);
    }

    /** When it first left the queue. */
    private static Optional<Instant> started(Job job, List<AttemptRecord> attempts) {
        return switch (job.state()) {
            case JobState.Queued(int attempt, Instant _, var _) when attempt == 1 -> Optional.empty();
            // A process that is not there yet is shown as queued.
            case JobState.Launching(Attempt attempt, var _, var _)
            when attempt.number() == 1 && Answers.isProcess(job) -> Optional.empty();
            case JobState.Done(Outcome.Rendered _, Instant at) -> Optional.of(at);
            case JobState.Queued _,
                    JobState.Launching _,
                    JobState.Running _,
                    JobState.Stopping _,
                    JobState.Paused _,
                    JobState.Done _ -> attempts.stream().findFirst().map(AttemptRecord::created);
        };
    }

    private LogBook log(Job job) {
        return new LogBook(store.logs(), job.id(), preface(job));
    }

    /** What a dry run has to show. */
    private List<Entry> preface(Job job) {
        Optional<String> manifest = admission.manifest(job);
        if (manifest.isEmpty()) return List.of();
        boolean vertex = job.backend().equals(Target.VERTEX.word());
        var preface = new ArrayList<Entry>();
        preface.add(new Entry(
                1,
                job.created(),
                "stdout",
                (vertex ? "Vertex CustomJob spec:\n" : "Kubernetes Job manifest:\n") + manifest.get() + "\n"));
        preface.add(new Entry(
                2,
                job.created(),
                "stdout",
                vertex
                        ? "Auto-submit disabled (set VERTEX_SUBMIT=1 to call gcloud)."
                        : "Auto-apply disabled (set K8S_APPLY=1 to kubectl apply from the API)."));
        return preface;
    }
}
