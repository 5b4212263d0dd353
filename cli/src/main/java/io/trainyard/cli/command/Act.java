package io.trainyard.cli.command;

import io.trainyard.cli.api.Job;
import io.trainyard.cli.api.Jobs;
import io.trainyard.cli.api.Json;
import io.trainyard.cli.follow.Words;
import io.trainyard.cli.screen.Cell;
import io.trainyard.cli.session.Exit;
import io.trainyard.cli.session.Globals;
import io.trainyard.cli.session.Session;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The verbs that ask the server for one thing and show what became of the job. */
public abstract sealed class Act implements Callable<Integer> {
    private final Globals globals;
    private final String verb;

    @Parameters(paramLabel = "ID", arity = "1..*", description = "Ids of jobs or the beginnings of them.")
    private List<String> ids = new ArrayList<>();

    private Act(Globals globals, String verb) {
        this.globals = globals;
        this.verb = verb;
    }

    @Override
    public Integer call() {
        try (Session session = globals.open()) {
            int worst = Exit.GOOD;
            for (String id : ids)
                worst = Math.max(worst, act(session, session.jobs().fullId(id)));
            return worst;
        }
    }

    int act(Session session, String id) {
        return made(
                session, new Job(session.api().send("POST", Jobs.one(id, verb)).body()), false);
    }

    /** Shows what became of a request for a job, now or once the job has ended. */
    static int made(Session session, Job asked, boolean wait) {
        Job job = wait ? Wait.end(session, asked, "the job goes on", "trainyard follow " + asked.id()) : asked;
        if (session.json()) session.document(job.json());
        else show(session, job);
        return !wait || job.state().good() ? Exit.GOOD : Exit.JOB_NOT_GOOD;
    }

    static void show(Session session, Job job) {
        String detail = job.why().isEmpty() ? "" : "  " + job.why();
        session.screen()
                .line(Cell.plain(job.id() + "  " + job.name() + "  "), Words.cell(job.state()), Cell.dim(detail));
    }

    @Command(
            name = "pause",
            description = "Stop jobs at a checkpoint, to go on later.",
            footer = {"", "Example:", "  trainyard pause 019ab3c4 && trainyard resume 019ab3c4"})
    public static final class Pause extends Act {
        public Pause(Globals globals) {
            super(globals, "pause");
        }
    }

    @Command(
            name = "resume",
            description = "Let paused jobs go on from their last checkpoint.",
            footer = {"", "Example:", "  trainyard resume 019ab3c4"})
    public static final class Resume extends Act {
        public Resume(Globals globals) {
            super(globals, "resume");
        }
    }

    @Command(
            name = "retry",
            description = "Run ended jobs again as new jobs, from their last checkpoints.",
            footer = {
                "",
                "Prints the new jobs. Asking is safe to repeat: a lost connection is tried again under the same key.",
                "With --wait the exit code is 0 when all of them succeeded, and 1 when one failed or was cancelled.",
                "",
                "Example:",
                "  trainyard retry 019ab3c4 --wait"
            })
    public static final class Retry extends Act {
        @Option(
                names = "--idempotency-key",
                paramLabel = "KEY",
                description = "The same key makes one new job of one in 24 hours.")
        private @Nullable String key;

        @Option(names = "--wait", description = "Wait until each new job has ended.")
        private boolean wait;

        @Override
        int act(Session session, String id) {
            String sentUnder = key == null ? UUID.randomUUID().toString() : key;
            var answer = session.api().create(Jobs.one(id, "retry"), Json.object(), sentUnder);
            return made(session, new Job(answer.body()), wait);
        }

        public Retry(Globals globals) {
            super(globals, "retry");
        }
    }
}
