package io.trainyard.cli.command;

import io.trainyard.cli.api.Job;
import io.trainyard.cli.api.Jobs;
import io.trainyard.cli.api.Json;
import io.trainyard.cli.api.Query;
import io.trainyard.cli.api.State;
import io.trainyard.cli.session.Exit;
import io.trainyard.cli.session.Globals;
import io.trainyard.cli.session.Session;
import io.trainyard.cli.session.Usage;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

@Command(
        name = "cancel",
        description = "Cancel jobs for good.",
        footer = {
            "",
            "With --wait the exit code is 0 when all were cancelled, and 1 when one had ended otherwise before.",
            "",
            "Examples:",
            "  trainyard cancel 019ab3c4 --wait",
            "  trainyard cancel --state queued --label sweep=7 --dry-run"
        })
public final class Cancel implements Callable<Integer> {
    private final Globals globals;

    @Parameters(paramLabel = "ID", arity = "0..*", description = "Ids of jobs or the beginnings of them.")
    private List<String> ids = new ArrayList<>();

    @Mixin
    private Which which = new Which();

    @Option(names = "--dry-run", description = "With a filter: only say which.")
    private boolean dryRun;

    @Option(names = "--wait", description = "Wait until nothing of them runs any more.")
    private boolean wait;

    public Cancel(Globals globals) {
        this.globals = globals;
    }

    @Override
    public Integer call() {
        if (ids.isEmpty() != which.any() || (dryRun && !ids.isEmpty()))
            throw new Usage(
                    "Name jobs by their ids, or by a filter such as --state queued; --dry-run goes with a filter.");
        try (Session session = globals.open()) {
            List<Job> jobs = ids.isEmpty() ? byFilter(session) : byId(session);
            if (!wait) return Exit.GOOD;
            boolean allCancelled = true;
            for (Job job : jobs) allCancelled &= ended(session, job).state() == State.CANCELLED;
            return allCancelled ? Exit.GOOD : Exit.JOB_NOT_GOOD;
        }
    }

    private List<Job> byId(Session session) {
        var jobs = new ArrayList<Job>();
        for (String id : ids) {
            String whole = session.jobs().fullId(id);
            Job job = new Job(
                    session.api().send("POST", Jobs.one(whole, "cancel")).body());
            jobs.add(job);
            if (!wait) show(session, job);
        }
        return jobs;
    }

    private static Job ended(Session session, Job asked) {
        Job job = Wait.end(session, asked, "the cancellation goes on", "trainyard cancel --wait " + asked.id());
        show(session, job);
        return job;
    }

    /** Named by what they are instead of by id. */
    private List<Job> byFilter(Session session) {
        Query query = which.of(
                Query.path("/api/v1/jobs/cancel"),
                session.surroundings().clock().instant());
        JsonNode answer = session.api()
                .send("POST", dryRun ? query.with("dry_run", "true") : query)
                .body();
        boolean more = answer.path("more").asBoolean(false);
        if (!wait || dryRun) {
            if (session.json()) session.document(answer);
            else for (JsonNode id : answer.path("ids")) session.screen().line(id.asString(""));
            String verb = dryRun ? "would be cancelled" : "are being cancelled";
            session.screen().remark(Json.text(answer, "count") + " " + verb + (more ? ", and there are more." : "."));
            return List.of();
        }
        if (more) session.screen().remark("There are more; ask again for the rest.");
        var jobs = new ArrayList<Job>();
        for (JsonNode id : answer.path("ids")) jobs.add(new Job(session.api().get(Jobs.one(id.asString("")))));
        return jobs;
    }

    private static void show(Session session, Job job) {
        if (session.json()) session.document(job.json());
        else Act.show(session, job);
    }
}
