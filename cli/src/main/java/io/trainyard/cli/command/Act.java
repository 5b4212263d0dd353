package io.trainyard.cli.command;

import io.trainyard.cli.api.Job;
import io.trainyard.cli.api.Jobs;
import io.trainyard.cli.follow.Words;
import io.trainyard.cli.screen.Cell;
import io.trainyard.cli.session.Exit;
import io.trainyard.cli.session.Globals;
import io.trainyard.cli.session.Session;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
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
            for (String id : ids) {
                String whole = session.jobs().fullId(id);
                Job job = new Job(
                        session.api().send("POST", Jobs.one(whole, verb)).body());
                if (session.json()) session.document(job.json());
                else show(session, job);
            }
        }
        return Exit.GOOD;
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
            footer = {"", "Prints the new jobs.", "", "Example:", "  trainyard retry 019ab3c4"})
    public static final class Retry extends Act {
        public Retry(Globals globals) {
            super(globals, "retry");
        }
    }
}
