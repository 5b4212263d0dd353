package io.trainyard.cli.submit;

import io.trainyard.cli.api.Query;
import io.trainyard.cli.session.Globals;
import io.trainyard.cli.session.Session;
import io.trainyard.cli.session.Usage;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.node.ObjectNode;

@Command(
        name = "plan",
        description = "Say what would become of a job: where it would run, what speaks against it, and how.",
        sortOptions = false,
        customSynopsis = "trainyard plan [FILE|-] [OPTIONS] [-- COMMAND...]",
        footer = {
            "",
            "Nothing is submitted. The exit code is 0 when the job would be taken and 2 when it would be refused.",
            "",
            "Examples:",
            "  trainyard plan job.json",
            "  trainyard plan job.json --backend kubernetes --backend local --json | jq -r .plan.manifest"
        })
public final class Plan implements Callable<Integer> {
    private final Globals globals;
    private final List<String> command;

    @Parameters(
            paramLabel = "FILE",
            arity = "0..1",
            description = "The job in JSON, in the words of POST /api/v1/jobs; - reads standard input.")
    private @Nullable String file;

    @Mixin
    private Overrides overrides = new Overrides();

    /** @param command the words after {@code --} */
    public Plan(Globals globals, List<String> command) {
        this.globals = globals;
        this.command = List.copyOf(command);
    }

    @Override
    public Integer call() {
        try (Session session = globals.open()) {
            ObjectNode body = Body.read(file, session.surroundings());
            overrides.layOver(body, command, session.surroundings().environment());
            if (body.isEmpty()) throw new Usage("Nothing to plan: name a FILE, - for standard input, or options.");
            return DryRun.show(session, Query.path("/api/v1/plan"), body);
        }
    }
}
