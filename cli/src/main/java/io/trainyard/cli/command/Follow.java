package io.trainyard.cli.command;

import io.trainyard.cli.api.Job;
import io.trainyard.cli.follow.Follower;
import io.trainyard.cli.session.Exit;
import io.trainyard.cli.session.Globals;
import io.trainyard.cli.session.Session;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        name = "follow",
        description = "Watch a job live until it ends: what happens, how far it is, its loss and the time left.",
        footer = {
            "",
            "The exit code is 0 when the job succeeded and 1 when it failed or was cancelled.",
            "Ctrl-C ends only the watching (exit code 130); the job goes on.",
            "",
            "Examples:",
            "  trainyard follow 019ab3c4",
            "  trainyard follow 019ab3c4 --json | jq 'select(.type == \"progress\")'"
        })
public final class Follow implements Callable<Integer> {
    private final Globals globals;

    @Parameters(paramLabel = "ID", description = "The job's id or the beginning of it.")
    private String id = "";

    public Follow(Globals globals) {
        this.globals = globals;
    }

    @Override
    public Integer call() {
        try (Session session = globals.open()) {
            Job ended = new Follower(session).follow(session.jobs().fullId(id));
            return ended.state().good() ? Exit.GOOD : Exit.JOB_NOT_GOOD;
        }
    }
}
