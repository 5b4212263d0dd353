package io.trainyard.cli.command;

import io.trainyard.cli.api.Job;
import io.trainyard.cli.api.JobEvent;
import io.trainyard.cli.api.Json;
import io.trainyard.cli.follow.Words;
import io.trainyard.cli.screen.Bar;
import io.trainyard.cli.screen.Cell;
import io.trainyard.cli.screen.Screen;
import io.trainyard.cli.screen.Style;
import io.trainyard.cli.screen.Table;
import io.trainyard.cli.screen.Written;
import io.trainyard.cli.session.Exit;
import io.trainyard.cli.session.Globals;
import io.trainyard.cli.session.Session;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

@Command(
        name = "job",
        description = "Show one job: where it stands and why, its attempts, progress, checkpoints and history.",
        footer = {
            "",
            "Examples:",
            "  trainyard job 019ab3c4          (the beginning of an id is enough)",
            "  trainyard job 019ab3c4 --json"
        })
public final class ShowJob implements Callable<Integer> {
    private static final int BAR_WIDTH = 24;

    private final Globals globals;

    @Parameters(paramLabel = "ID", description = "The job's id or the beginning of it.")
    private String id = "";

    public ShowJob(Globals globals) {
        this.globals = globals;
    }

    @Override
    public Integer call() {
        try (Session session = globals.open()) {
            Job job = session.jobs().find(id);
            if (session.json()) session.document(job.json());
            else show(session.screen(), job, session.jobs().events(job.id()));
        }
        return Exit.GOOD;
    }

    private static void show(Screen screen, Job job, List<JobEvent> events) {
        screen.line(new Cell(job.name(), Style.BOLD), Cell.plain("  "), Words.cell(job.state()));
        Table facts = Table.withoutHeadings();
        fact(facts, "id", job.id());
        fact(facts, "reason", Json.text(job.json().path("reason"), "sentence"));
        fact(facts, "position", job.text("position"));
        fact(facts, "cause", job.text("cause"));
        fact(facts, "detail", job.text("detail"));
        fact(facts, "backend", job.text("backend"));
        fact(facts, "contract", words(job.text("contract"), job.text("service"), job.text("client_id")));
        fact(facts, "retry of", job.text("retry_of"));
        fact(facts, "labels", labels(job.json().path("labels")));
        fact(facts, "created", job.instant("created_at").map(Written::date).orElse(""));
        fact(facts, "started", job.instant("started_at").map(Written::date).orElse(""));
        fact(facts, "finished", job.instant("finished_at").map(Written::date).orElse(""));
        fact(facts, "ran", job.ran().isZero() ? "" : Written.span(job.ran()));
        job.progress().ifPresent(progress -> progress(facts, progress));
        facts.show(screen);
        for (String warning : job.warnings()) screen.line(new Cell("Warning: " + warning, Style.YELLOW));
        attempts(screen, job.json().path("attempts"));
        section(
                screen,
                "Checkpoints",
                events.stream().filter(ShowJob::checkpoint).toList());
        section(
                screen,
                "History",
                events.stream().filter(event -> !checkpoint(event)).toList());
    }

    private static boolean checkpoint(JobEvent event) {
        return event.kind().equals("checkpoint");
    }

    private static void fact(Table facts, String name, String value) {
        if (!value.isEmpty()) facts.row(Cell.dim(name), Cell.plain(value));
    }

    private static void progress(Table facts, Job.Progress progress) {
        String steps = "step " + progress.step()
                + progress.totalSteps().map(total -> " of " + total).orElse("");
        String bar = progress.percentage()
                .map(percent -> Bar.of(percent, BAR_WIDTH) + " " + Written.percent(percent) + "  ")
                .orElse("");
        String left = progress.remaining()
                .map(time -> ", " + Written.span(time) + " left")
                .orElse("");
        fact(facts, "progress", bar + steps + left);
        String metrics = progress.metrics().entrySet().stream()
                .map(metric -> metric.getKey() + " " + Written.number(metric.getValue()))
                .collect(Collectors.joining(", "));
        fact(facts, "metrics", metrics);
        fact(
                facts,
                "checkpoint",
                progress.checkpointStep().map(step -> "step " + step).orElse(""));
    }

    private static String words(String... words) {
        return java.util.Arrays.stream(words).filter(word -> !word.isEmpty()).collect(Collectors.joining(" "));
    }

    private static String labels(JsonNode labels) {
        return labels.properties().stream()
                .map(label -> label.getKey() + "=" + label.getValue().asString(""))
                .collect(Collectors.joining(" "));
    }

    private static void attempts(Screen screen, JsonNode attempts) {
        if (attempts.isEmpty()) return;
        screen.line("");
        screen.line(new Cell("Attempts", Style.BOLD));
        Table table = Table.withoutHeadings();
        for (JsonNode attempt : attempts) {
            table.row(
                    Cell.plain(Json.text(attempt, "number")),
                    Cell.plain(Json.text(attempt, "backend")),
                    Cell.plain(object(attempt.path("object"))),
                    Cell.dim(moment(Json.text(attempt, "created_at"))),
                    Cell.dim(moment(Json.text(attempt, "ended_at"))),
                    Cell.plain(end(attempt.path("end"))));
        }
        table.show(screen);
    }

    private static String object(JsonNode object) {
        if (!object.isObject()) return "";
        String kind = Json.text(object, "kind");
        String name = Json.text(object, "name");
        // The namespace of a process is a boot of its machine, which tells people nothing.
        return kind.equals("Process")
                ? "process " + name
                : "%s %s/%s".formatted(kind, Json.text(object, "namespace"), name);
    }

    private static String moment(String text) {
        return text.isEmpty() ? "" : Written.date(java.time.Instant.parse(text));
    }

    private static String end(JsonNode end) {
        if (end.isNull()) return "";
        return end.isContainer() ? end.toString() : end.asString("");
    }

    private static void section(Screen screen, String title, List<JobEvent> events) {
        if (events.isEmpty()) return;
        screen.line("");
        screen.line(new Cell(title, Style.BOLD));
        for (JobEvent event : events) screen.line(Words.line(event).toArray(Cell[]::new));
    }
}
