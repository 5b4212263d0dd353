package io.trainyard.cli.command;

import io.trainyard.cli.api.EventStream;
import io.trainyard.cli.api.Job;
import io.trainyard.cli.api.Jobs;
import io.trainyard.cli.api.Json;
import io.trainyard.cli.api.Query;
import io.trainyard.cli.follow.Detachment;
import io.trainyard.cli.session.Exit;
import io.trainyard.cli.session.Globals;
import io.trainyard.cli.session.Session;
import io.trainyard.cli.session.Usage;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

@Command(
        name = "logs",
        description = "Print what a job wrote, over all its attempts and processes.",
        footer = {
            "",
            "Ctrl-C ends only the watching (exit code 130); the job goes on.",
            "",
            "Examples:",
            "  trainyard logs 019ab3c4 --tail 50",
            "  trainyard logs 019ab3c4 --from 1000 --to 2000",
            "  trainyard logs 019ab3c4 -f | grep loss"
        })
public final class Logs implements Callable<Integer> {
    private static final int LINES_PER_PAGE = 1000;

    private final Globals globals;

    @Parameters(paramLabel = "ID", description = "The job's id or the beginning of it.")
    private String id = "";

    @Option(
            names = {"-f", "--follow"},
            description = "Go on printing until the job has ended.")
    private boolean follow;

    @Option(names = "--tail", paramLabel = "N", description = "Begin with the last N lines.")
    private @Nullable Integer tail;

    @Option(names = "--from", paramLabel = "N", description = "Begin with line N; the first is 1.")
    private @Nullable Long from;

    @Option(names = "--to", paramLabel = "N", description = "End with line N.")
    private @Nullable Long to;

    public Logs(Globals globals) {
        this.globals = globals;
    }

    @Override
    public Integer call() {
        if (to != null && (tail != null || follow))
            throw new Usage("--to goes with --from, not with --tail or --follow.");
        if (tail != null && from != null) throw new Usage("Give either --tail or --from, not both.");
        try (Session session = globals.open()) {
            Job job = session.jobs().find(id);
            var printer = new LogPrinter(session, job.ranks() > 1);
            long next = from == null ? 1 : from;
            if (tail != null) {
                next = page(session, printer, Jobs.one(job.id(), "logs").with("tail", String.valueOf(tail)), 1);
                if (!follow) return Exit.GOOD;
            }
            if (follow) stream(session, job.id(), printer, next);
            else all(session, job.id(), printer, next, to == null ? Long.MAX_VALUE : to);
        }
        return Exit.GOOD;
    }

    private static void all(Session session, String id, LogPrinter printer, long first, long last) {
        long from = first;
        while (from <= last) {
            Query query = Jobs.one(id, "logs")
                    .with("from", String.valueOf(from))
                    .with("limit", String.valueOf(Math.min(LINES_PER_PAGE, last - from + 1)));
            long next = page(session, printer, query, from);
            if (next <= from || session.screen().unread()) return;
            from = next;
        }
    }

    /** Prints one page and returns the number of the line that follows it. */
    private static long page(Session session, LogPrinter printer, Query query, long otherwise) {
        JsonNode page = session.api().get(query);
        long last = otherwise - 1;
        for (JsonNode line : page.path("lines")) {
            printer.print(line);
            last = Json.whole(line, "number").orElse(last + 1);
        }
        return Json.whole(page, "next").orElse(last + 1);
    }

    private static void stream(Session session, String id, LogPrinter printer, long from) {
        Query query = Jobs.one(id, "logs").with("from", String.valueOf(from));
        try (var _ = Detachment.armed(session.screen(), "the job goes on", "trainyard logs -f " + id)) {
            new EventStream(session.api(), query).follow(new EventStream.Listener() {
                @Override
                public boolean message(EventStream.Message message) {
                    if (message.kind().equals("end")) return true;
                    if (message.kind().equals("line")) printer.print(Json.read(message.data()));
                    return session.screen().unread();
                }

                @Override
                public void trouble(String sentence) {
                    session.screen().remark(sentence + " Trying again.");
                }
            });
        }
    }
}
