package io.trainyard.cli.submit;

import io.trainyard.cli.api.Answer;
import io.trainyard.cli.api.Job;
import io.trainyard.cli.api.Jobs;
import io.trainyard.cli.command.Wait;
import io.trainyard.cli.follow.Follower;
import io.trainyard.cli.screen.Cell;
import io.trainyard.cli.screen.Style;
import io.trainyard.cli.session.Exit;
import io.trainyard.cli.session.Globals;
import io.trainyard.cli.session.Session;
import io.trainyard.cli.session.Usage;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.node.ObjectNode;

@Command(
        name = "submit",
        description = "Submit a job: from a file, from standard input, from options, or from all of them.",
        sortOptions = false,
        customSynopsis = {
            "trainyard submit [FILE|-] [OPTIONS] [-- COMMAND...]",
            "       trainyard submit FILE --contract trainer --service nemo|meta|hf-unsloth [--follow]"
        },
        footer = {
            "",
            "The id of the job goes to standard output, all remarks to standard error.",
            "Sending is safe to repeat: a lost connection is tried again under the same idempotency key.",
            "With --follow or --wait the exit code is 0 when the job succeeded and 1 when it failed or was cancelled;",
            "Ctrl-C ends only the watching or waiting (exit code 130) and the job goes on.",
            "",
            "Examples:",
            "  trainyard submit job.json --follow",
            "  trainyard submit job.json --learning-rate 1e-4 --label sweep=7 --dry-run",
            "  trainyard submit --name tiny --model sshleifer/tiny-gpt2 --dataset train.jsonl --output out/",
            "  trainyard submit --name hello -- python -c 'print(42)'",
            "  trainyard submit train.json --contract trainer --service hf-unsloth --follow"
        })
public final class Submit implements Callable<Integer> {
    private static final int CREATED = 201;

    private final Globals globals;
    private final List<String> command;

    @Parameters(
            paramLabel = "FILE",
            arity = "0..1",
            description = "The job in JSON, in the words of POST /api/v1/jobs; - reads standard input.")
    private @Nullable String file;

    @Mixin
    private Overrides overrides = new Overrides();

    @Option(names = "--follow", description = "Watch it live until it ends.")
    private boolean follow;

    @Option(names = "--wait", description = "Wait quietly until it ends.")
    private boolean wait;

    @Option(names = "--dry-run", description = "Only say where it would run, what speaks against it, and how.")
    private boolean dryRun;

    @Option(
            names = "--idempotency-key",
            paramLabel = "KEY",
            description = "The same key and body within 24 hours name one job; otherwise a fresh key.")
    private @Nullable String key;

    @Option(names = "--contract", paramLabel = "NAME", description = "Send the file in this contract's words: trainer.")
    private @Nullable String contract;

    @Option(names = "--service", paramLabel = "NAME", description = "The contract's service: nemo, meta, hf-unsloth.")
    private @Nullable String service;

    /** @param command the words after {@code --} */
    public Submit(Globals globals, List<String> command) {
        this.globals = globals;
        this.command = List.copyOf(command);
    }

    @Override
    public Integer call() {
        String sentUnder = key == null ? UUID.randomUUID().toString() : key;
        try (Session session = globals.open()) {
            if (contract != null || service != null) return byContract(session, sentUnder);
            ObjectNode body = Body.read(file, session.surroundings());
            overrides.layOver(body, command, session.surroundings().environment());
            if (body.isEmpty()) throw new Usage("Nothing to submit: name a FILE, - for standard input, or options.");
            if (dryRun) return DryRun.show(session, Jobs.all().with("dry_run", "true"), body);
            Answer answer = session.api().create(Jobs.all(), body, sentUnder);
            Job job = new Job(answer.body());
            if (answer.status() != CREATED) session.screen().remark("This was submitted before; here is that job.");
            return submitted(session, job);
        }
    }

    private int byContract(Session session, String sentUnder) {
        if (!"trainer".equals(contract) || service == null)
            throw new Usage("Only --contract trainer can be sent, with --service nemo, meta or hf-unsloth.");
        if (dryRun || !command.isEmpty() || !overrides.none())
            throw new Usage("A request of another contract is sent as it is: only --follow and --idempotency-key fit.");
        if (file == null) throw new Usage("Name the FILE with the request, or - for standard input.");
        ObjectNode body = Body.read(file, session.surroundings());
        return submitted(session, TrainerRequest.send(session, service, body, sentUnder));
    }

    private static int waited(Session session, Job job) {
        Job ended = Wait.end(session, job, "the job goes on", "trainyard follow " + job.id());
        if (session.json()) session.document(ended.json());
        else
            session.screen()
                    .remark(ended.state().word() + ended.why().transform(why -> why.isEmpty() ? "" : ": " + why));
        return ended.state().good() ? Exit.GOOD : Exit.JOB_NOT_GOOD;
    }

    private int submitted(Session session, Job job) {
        if (!session.json()) {
            session.screen().line(job.id());
            for (String warning : job.warnings())
                session.screen().remark(new Cell("Warning: " + warning, Style.YELLOW));
        }
        if (wait && !follow) return waited(session, job);
        if (follow) {
            Job ended = new Follower(session).follow(job.id());
            return ended.state().good() ? Exit.GOOD : Exit.JOB_NOT_GOOD;
        }
        if (session.json()) session.document(job.json());
        else session.screen().remark(Cell.dim("Watch it with: trainyard follow " + job.id()));
        return Exit.GOOD;
    }
}
