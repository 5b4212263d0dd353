package io.trainyard.cli.command;

import io.trainyard.cli.api.Job;
import io.trainyard.cli.api.Jobs;
import io.trainyard.cli.api.Json;
import io.trainyard.cli.api.Query;
import io.trainyard.cli.follow.Words;
import io.trainyard.cli.screen.Bar;
import io.trainyard.cli.screen.Cell;
import io.trainyard.cli.screen.Table;
import io.trainyard.cli.screen.Written;
import io.trainyard.cli.session.Exit;
import io.trainyard.cli.session.Globals;
import io.trainyard.cli.session.Session;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.databind.node.ObjectNode;

@Command(
        name = "jobs",
        description = "List jobs, the newest first.",
        footer = {
            "",
            "Examples:",
            "  trainyard jobs --state running --state queued",
            "  trainyard jobs --label team=vision --after 12h --limit 10",
            "  trainyard jobs --all --json | jq -r '.jobs[].id'"
        })
public final class JobList implements Callable<Integer> {
    private static final int SHORTEST_ID = 8;
    private static final int WIDEST_BAR = 10;
    private static final int LARGEST_PAGE = 500;

    private final Globals globals;

    @Mixin
    private Which which = new Which();

    @Option(names = "--limit", paramLabel = "N", description = "At most so many jobs (1 to 500; otherwise 50).")
    private @Nullable Integer limit;

    @Option(names = "--all", description = "All pages.")
    private boolean all;

    public JobList(Globals globals) {
        this.globals = globals;
    }

    @Override
    public Integer call() {
        try (Session session = globals.open()) {
            Query query = which.of(Jobs.all(), session.surroundings().clock().instant());
            Integer size = all && limit == null ? Integer.valueOf(LARGEST_PAGE) : limit;
            query = query.with("limit", Optional.ofNullable(size).map(String::valueOf));
            var jobs = new ArrayList<Job>();
            Jobs.Page page = session.jobs().page(query);
            jobs.addAll(page.jobs());
            while (all && page.next().isPresent()) {
                page = session.jobs().page(query.with("cursor", page.next()));
                jobs.addAll(page.jobs());
            }
            if (session.json()) session.document(document(jobs, page.next()));
            else show(session, jobs, page.next().isPresent());
        }
        return Exit.GOOD;
    }

    private static ObjectNode document(List<Job> jobs, Optional<String> next) {
        ObjectNode document = Json.object();
        var list = document.putArray("jobs");
        for (Job job : jobs) list.add(job.json());
        return document.put("next_cursor", next.orElse(null));
    }

    private void show(Session session, List<Job> jobs, boolean more) {
        if (jobs.isEmpty()) {
            session.screen().remark("No jobs" + (which.any() ? " match." : " yet. Submit one with: trainyard submit"));
            return;
        }
        table(session, jobs);
        if (more) session.screen().remark(Cell.dim("There are more: trainyard jobs --all"));
    }

    /** Also lists the candidates of an ambiguous id. */
    public static void table(Session session, List<Job> jobs) {
        Instant now = session.surroundings().clock().instant();
        boolean terminal = session.screen().terminal();
        int shown = idLength(jobs);
        Table table = new Table("ID", "NAME", "STATE", "BACKEND", "PROGRESS", "AGE", "REASON");
        for (Job job : jobs) {
            table.row(
                    Cell.plain(
                            terminal
                                    ? job.bareId()
                                            .substring(
                                                    0,
                                                    Math.min(shown, job.bareId().length()))
                                    : job.id()),
                    Cell.plain(job.name()),
                    Words.cell(job.state()),
                    Cell.plain(job.text("backend")),
                    Cell.plain(progress(job, terminal)),
                    Cell.dim(Written.span(Duration.between(job.createdAt(), now))),
                    Cell.dim(job.state().good() ? "" : job.why()));
        }
        table.show(session.screen());
    }

    private static String progress(Job job, boolean drawn) {
        return job.progress()
                .flatMap(Job.Progress::percentage)
                .map(percent -> (drawn ? Bar.of(percent, WIDEST_BAR) + " " : "") + Written.percent(percent))
                .orElse("-");
    }

    /** As short as the ids in one list can be and still differ; each is then a prefix that names its job. */
    private static int idLength(List<Job> jobs) {
        int longest = jobs.stream().mapToInt(job -> job.bareId().length()).max().orElse(0);
        for (int length = SHORTEST_ID; length < longest; length++) {
            var seen = new HashSet<String>();
            int shown = length;
            if (jobs.stream()
                    .allMatch(job -> seen.add(job.bareId()
                            .substring(0, Math.min(shown, job.bareId().length()))))) return length;
        }
        return longest;
    }
}
