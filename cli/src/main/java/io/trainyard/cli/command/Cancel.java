package io.trainyard.cli.command;

import io.trainyard.cli.api.Job;
import io.trainyard.cli.api.Jobs;
import io.trainyard.cli.api.Pace;
import io.trainyard.cli.api.State;
import io.trainyard.cli.follow.Detachment;
import io.trainyard.cli.session.Exit;
import io.trainyard.cli.session.Globals;
import io.trainyard.cli.session.Session;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "cancel",
        description = "Cancel jobs for good.",
        footer = {
            "",
            "With --wait the exit code is 0 when all were cancelled, and 1 when one had ended otherwise before.",
            "",
            "Examples:",
            "  trainyard cancel 019ab3c4 --wait",
            "  trainyard cancel $(trainyard jobs --state queued --json | jq -r '.jobs[].id')"
        })
public final class Cancel implements Callable<Integer> {
    private final Globals globals;

    @Parameters(paramLabel = "ID", arity = "1..*", description = "Ids of jobs or the beginnings of them.")
    private List<String> ids = new ArrayList<>();

    @Option(names = "--wait", description = "Wait until nothing of them runs any more.")
    private boolean wait;

    public Cancel(Globals globals) {
        this.globals = globals;
    }

    @Override
    public Integer call() {
        try (Session session = globals.open()) {
            var jobs = new ArrayList<Job>();
            for (String id : ids) {
                String whole = session.jobs().fullId(id);
                Job job = new Job(
                        session.api().send("POST", Jobs.one(whole, "cancel")).body());
                jobs.add(job);
                if (!wait) show(session, job);
            }
            if (!wait) return Exit.GOOD;
            boolean allCancelled = true;
            for (Job job : jobs) allCancelled &= ended(session, job).state() == State.CANCELLED;
            return allCancelled ? Exit.GOOD : Exit.JOB_NOT_GOOD;
        }
    }

    private static Job ended(Session session, Job asked) {
        Job job = asked;
        try (var _ = Detachment.armed(
                session.screen(), "the cancellation goes on", "trainyard cancel --wait " + asked.id())) {
            while (!job.state().ended()) {
                Pace.rest(session.api().pace().look());
                job = new Job(session.api().get(Jobs.one(asked.id())));
            }
        }
        show(session, job);
        return job;
    }

    private static void show(Session session, Job job) {
        if (session.json()) session.document(job.json());
        else Act.show(session, job);
    }
}
