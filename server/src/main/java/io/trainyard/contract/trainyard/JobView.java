package io.trainyard.contract.trainyard;

import io.trainyard.job.Attempt;
import io.trainyard.job.Event;
import io.trainyard.job.Job;
import io.trainyard.job.JobState;
import io.trainyard.job.Outcome;
import io.trainyard.job.Progress;
import io.trainyard.job.Reason;
import io.trainyard.store.Jobs.AttemptRecord;
import io.trainyard.store.Logs;
import io.trainyard.store.StateWord;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.TreeMap;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Jobs, events and log lines as our own API shows them. */
final class JobView {
    static final JsonMapper JSON = JsonMapper.builder().build();
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern(
                    "yyyy-MM-dd'T'HH:mm:ss.SSS'Z'", Locale.ROOT)
            .withZone(ZoneOffset.UTC);

    private JobView() {}

    static ObjectNode of(Job job, Optional<Progress> progress, Instant now) {
        ObjectNode view = JSON.createObjectNode()
                .put("id", job.id().value())
                .put("name", job.spec().name())
                .put("state", StateWord.of(job.state()).word());
        reason(view, job.state());
        view.putNull("position");
        outcome(view, job);
        view.put("contract", job.identity().contract())
                .put("service", job.identity().service());
        view.put("client_id", job.identity().clientId().orElse(null));
        view.put("backend", job.backend()).put("attempt", attempt(job.state()).orElse(null));
        view.put("wish", job.wish().name().toLowerCase(Locale.ROOT));
        times(view, job, now);
        view.put("retry_of", job.retryOf().map(id -> id.value()).orElse(null));
        ObjectNode labels = view.putObject("labels");
        new TreeMap<>(job.spec().labels()).forEach(labels::put);
        var warnings = view.putArray("warnings");
        job.warnings().forEach(warnings::add);
        if (progress.isPresent()) progress(view.putObject("progress"), progress.get());
        else view.putNull("progress");
        return view;
    }

    /** The same with what only one job's answer carries. */
    static ObjectNode whole(
            Job job, Optional<Progress> progress, Optional<Long> position, List<AttemptRecord> attempts, Instant now) {
        ObjectNode view = of(job, progress, now);
        position.ifPresent(ahead -> view.put("position", ahead));
        attempts.stream().findFirst().ifPresent(first -> view.put("started_at", time(first.created())));
        view.set("spec", SpecView.of(job.spec()));
        var list = view.putArray("attempts");
        for (AttemptRecord record : attempts) {
            var attempt = list.addObject();
            attempt.put("number", record.attempt().number())
                    .put("backend", record.attempt().backend())
                    .put("created_at", time(record.created()))
                    .put("ended_at", record.ended().map(JobView::time).orElse(null))
                    .put("end", record.end().orElse(null));
            record.handle()
                    .ifPresentOrElse(
                            handle -> attempt.putObject("object")
                                    .put("cluster", handle.cluster())
                                    .put("kind", handle.kind())
                                    .put("namespace", handle.namespace())
                                    .put("name", handle.name())
                                    .put("uid", handle.uid()),
                            () -> attempt.putNull("object"));
        }
        return view;
    }

    private static void reason(ObjectNode view, JobState state) {
        Optional<Reason> reason = switch (state) {
            case JobState.Queued queued -> Optional.of(queued.reason());
            case JobState.Launching launching -> Optional.of(launching.reason());
            case JobState.Running _, JobState.Stopping _, JobState.Paused _, JobState.Done _ -> Optional.empty();
        };
        if (reason.isEmpty()) view.putNull("reason");
        else
            view.putObject("reason")
                    .put("kind", reason.get().kind().name().toLowerCase(Locale.ROOT))
                    .put("sentence", reason.get().sentence());
    }

    private static void outcome(ObjectNode view, Job job) {
        view.putNull("cause");
        String detail = switch (job.state()) {
            case JobState.Queued queued -> queued.reason().sentence();
            case JobState.Launching launching -> launching.reason().sentence();
            case JobState.Running _ -> "running";
            case JobState.Stopping _ -> "stopping…";
            case JobState.Paused _ -> "paused";
            case JobState.Done done ->
                switch (done.outcome()) {
                    case Outcome.Succeeded _ -> "succeeded";
                    case Outcome.Failed failed -> {
                        view.put("cause", failed.cause().name().toLowerCase(Locale.ROOT));
                        yield failed.detail();
                    }
                    case Outcome.Cancelled _ -> "cancelled";
                    case Outcome.Rendered _ -> "rendered, not started";
                };
        };
        view.put("detail", detail);
    }

    /** The attempt that lives, or the one that comes next; none when all is over. */
    private static Optional<Integer> attempt(JobState state) {
        return switch (state) {
            case JobState.Queued queued -> Optional.of(queued.nextAttempt());
            case JobState.Paused paused -> Optional.of(paused.nextAttempt());
            case JobState.Launching _, JobState.Running _, JobState.Stopping _, JobState.Done _ ->
                state.liveAttempt().map(Attempt::number);
        };
    }

    private static void times(ObjectNode view, Job job, Instant now) {
        view.put("created_at", time(job.created())).put("updated_at", time(job.updated()));
        Duration ran = job.ran();
        view.putNull("started_at").putNull("finished_at");
        switch (job.state()) {
            case JobState.Running running -> {
                view.put("started_at", time(running.since()));
                if (now.isAfter(running.since())) ran = ran.plus(Duration.between(running.since(), now));
            }
            case JobState.Done done -> view.put("finished_at", time(done.at()));
            case JobState.Queued _, JobState.Launching _, JobState.Stopping _, JobState.Paused _ -> {}
        }
        view.put("ran_seconds", ran.toMillis() / 1000.0);
    }

    private static void progress(ObjectNode view, Progress progress) {
        view.put("attempt", progress.attempt()).put("step", progress.step());
        view.put("total_steps", progress.totalSteps().orElse(null));
        view.put("percentage", progress.percentage().orElse(null));
        view.put(
                "remaining_seconds",
                progress.remaining().map(Duration::toSeconds).orElse(null));
        view.put("checkpoint_step", progress.checkpointStep().orElse(null));
        ObjectNode metrics = view.putObject("metrics");
        new TreeMap<>(progress.latest()).forEach(metrics::put);
        view.put("at", time(progress.at()));
    }

    static ObjectNode of(Event event) {
        return JSON.createObjectNode()
                .put("sequence", event.sequence())
                .put("job_id", event.job().value())
                .put("at", time(event.at()))
                .put("kind", event.kind().name().toLowerCase(Locale.ROOT))
                .put("attempt", event.attempt().orElse(null))
                .put("message", event.message());
    }

    static ObjectNode of(Logs.Line line) {
        return JSON.createObjectNode()
                .put("number", line.number())
                .put("at", time(line.at()))
                .put("attempt", line.attempt())
                .put("rank", line.rank())
                .put("stream", line.stream())
                .put("text", line.text());
    }

    static String time(Instant instant) {
        return TIME.format(instant);
    }
}
