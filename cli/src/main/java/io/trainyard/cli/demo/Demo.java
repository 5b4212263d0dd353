package io.trainyard.cli.demo;

import io.trainyard.cli.api.Job;
import io.trainyard.cli.api.Jobs;
import io.trainyard.cli.api.Json;
import io.trainyard.cli.follow.Follower;
import io.trainyard.cli.screen.Cell;
import io.trainyard.cli.screen.Style;
import io.trainyard.cli.session.Exit;
import io.trainyard.cli.session.Globals;
import io.trainyard.cli.session.Session;
import io.trainyard.cli.submit.TrainerRequest;
import java.nio.file.Path;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.UUID;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "demo",
        description = "Train a small model and an adapter on it through the running server, and compare them.",
        footer = {
            "",
            "Everything is trained anew, in a folder of its own below --data that is removed afterwards unless",
            "--keep is given or something went wrong. The exit code is 0 when both jobs succeeded and the adapter's",
            "loss on held-out text is at least 10 %% below the base's, otherwise 1.",
            "",
            "Example:",
            "  trainyard demo --python .trainyard/venv/bin/python --trainer trainer --data .trainyard/demo"
        })
public final class Demo implements Callable<Integer> {
    private static final DateTimeFormatter RUN =
            DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss", Locale.ROOT).withZone(ZoneOffset.UTC);

    private final Globals globals;

    @Option(names = "--python", required = true, paramLabel = "PATH", description = "Python with the trainer's needs.")
    private String python = "";

    @Option(names = "--trainer", required = true, paramLabel = "DIR", description = "The repository's trainer folder.")
    private Path trainer = Path.of("");

    @Option(names = "--data", required = true, paramLabel = "DIR", description = "Folder for models and outputs.")
    private Path data = Path.of("");

    @Option(names = "--keep", description = "Keep the folder of this run.")
    private boolean keep;

    public Demo(Globals globals) {
        this.globals = globals;
    }

    @Override
    public Integer call() {
        try (Session session = globals.open()) {
            Folder folder = folder(session);
            try {
                run(session, folder);
                if (keep) left(session, folder);
                else folder.remove();
                return Exit.GOOD;
            } catch (Failed failed) {
                left(session, folder);
                String.valueOf(failed.getMessage())
                        .lines()
                        .forEach(line -> session.screen().remark(new Cell(line, Style.RED)));
                return Exit.JOB_NOT_GOOD;
            }
        }
    }

    private static void left(Session session, Folder folder) {
        session.screen().remark(Cell.dim("Models and outputs are in " + folder.root()));
    }

    private Folder folder(Session session) {
        // Two demos in one second must not share a folder or a job id.
        String name = "run-" + RUN.format(session.surroundings().clock().instant()) + "-"
                + UUID.randomUUID().toString().substring(0, 4);
        return new Folder(
                trainer.toAbsolutePath().normalize(),
                data.toAbsolutePath().normalize().resolve(name));
    }

    private void run(Session session, Folder folder) {
        Recipe recipe = Recipe.read(folder);
        Python interpreter = new Python(python, folder.trainer());
        say(session, "1 of 4  A small base model with random weights");
        interpreter.run("make-base", folder.path("base-init"));

        say(session, "2 of 4  Pre-training it: full training, as a job of our own API");
        Job base = new Job(session.api()
                .create(Jobs.all(), recipe.base(), UUID.randomUUID().toString())
                .body());
        base = new Follower(session).follow(base.id());
        if (!base.state().good()) throw new Failed("The base was not trained: it " + ended(base));

        say(session, "3 of 4  Fine-tuning an adapter: LoRA, as a request of the hf-unsloth contract");
        Job adapter = TrainerRequest.send(
                session, "hf-unsloth", recipe.adapter(), UUID.randomUUID().toString());
        adapter = new Follower(session).follow(adapter.id());
        if (!adapter.state().good()) throw new Failed("The adapter was not trained: it " + ended(adapter));

        say(session, "4 of 4  Comparing them on text that neither has seen");
        var measured = interpreter.run(
                "report",
                "--base",
                folder.path("base"),
                "--adapter",
                folder.path("adapter"),
                "--data",
                folder.example("dispatch-heldout.jsonl"),
                "--json");
        Report report = Report.of(
                measured, adapter.progress().map(progress -> progress.metrics().get("eval_loss")));
        if (session.json())
            session.screen()
                    .line(Json.compact(Json.object().put("type", "report").set("report", report.json())));
        else report.show(session.screen());
        report.objection().ifPresent(objection -> {
            throw new Failed(objection);
        });
    }

    private static void say(Session session, String step) {
        if (session.json()) return;
        session.screen().line("");
        session.screen().line(new Cell(step, Style.BOLD));
    }

    private static String ended(Job job) {
        return job.state().word() + ". See: trainyard logs " + job.id() + " --tail 50";
    }
}
