package io.trainyard.cli;

import io.trainyard.cli.command.Act;
import io.trainyard.cli.command.Cancel;
import io.trainyard.cli.command.Clone;
import io.trainyard.cli.command.Completion;
import io.trainyard.cli.command.Delete;
import io.trainyard.cli.command.Events;
import io.trainyard.cli.command.Follow;
import io.trainyard.cli.command.JobList;
import io.trainyard.cli.command.Kept;
import io.trainyard.cli.command.Logs;
import io.trainyard.cli.command.Metrics;
import io.trainyard.cli.command.ShowJob;
import io.trainyard.cli.command.Version;
import io.trainyard.cli.command.Webhooks;
import io.trainyard.cli.demo.Demo;
import io.trainyard.cli.images.Images;
import io.trainyard.cli.session.Globals;
import io.trainyard.cli.session.Surroundings;
import io.trainyard.cli.submit.Plan;
import io.trainyard.cli.submit.Submit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The word all commands stand behind. Only the command that was called is built, since each costs time to inspect. */
@Command(
        name = "trainyard",
        description = "Submit and follow model-training jobs. (serve, doctor and k8s are commands of the server.)",
        synopsisSubcommandLabel = "COMMAND",
        footer = {
            "",
            "An id may be given by its beginning, without job_.",
            "Exit codes: 0 good; 1 the job failed or was cancelled (where we watch it or --wait for it); 2 wrong usage or",
            "refused by the server; 3 server out of reach or broken; 130 detached by Ctrl-C, the job goes on.",
            "",
            "Examples:",
            "  trainyard submit job.json --follow",
            "  trainyard jobs --state running",
            "  trainyard logs 019ab3c4 -f",
            "  trainyard COMMAND --help"
        })
final class Trainyard extends Globals {
    /** Words after {@code --} are a command of the job's own, or for the engine that builds images. */
    private static final List<String> TAKE_A_COMMAND = List.of("submit", "plan", "images");

    private final Map<String, Supplier<Object>> commands = new LinkedHashMap<>();

    private Trainyard(Surroundings surroundings, List<String> afterDashes) {
        super(surroundings);
        commands.put("submit", () -> new Submit(this, afterDashes));
        commands.put("plan", () -> new Plan(this, afterDashes));
        commands.put("jobs", () -> new JobList(this));
        commands.put("job", () -> new ShowJob(this));
        commands.put("follow", () -> new Follow(this));
        commands.put("logs", () -> new Logs(this));
        commands.put("metrics", () -> new Metrics(this));
        commands.put("events", () -> new Events(this));
        commands.put("artifacts", () -> new Kept.Artifacts(this));
        commands.put("checkpoints", () -> new Kept.Checkpoints(this));
        commands.put("webhooks", () -> new Webhooks(this));
        commands.put("cancel", () -> new Cancel(this));
        commands.put("pause", () -> new Act.Pause(this));
        commands.put("resume", () -> new Act.Resume(this));
        commands.put("retry", () -> new Act.Retry(this));
        commands.put("clone", () -> new Clone(this));
        commands.put("delete", () -> new Delete(this));
        commands.put("images", () -> Images.command(this, afterDashes));
        commands.put(Completion.NAME, () -> new Completion(this));
        commands.put("demo", () -> new Demo(this));
        commands.put("version", () -> new Version(this));
    }

    /** What was typed, ready to be run. */
    record Line(CommandLine commands, Trainyard globals, List<String> words) {}

    static Line line(List<String> typed, Surroundings surroundings) {
        int dashes = typed.indexOf("--");
        List<String> words = dashes < 0 ? typed : typed.subList(0, dashes);
        List<String> rest = dashes < 0 ? List.of() : typed.subList(dashes + 1, typed.size());
        Trainyard root = new Trainyard(surroundings, rest);
        CommandLine line = new CommandLine(root);
        Optional<String> called =
                words.stream().filter(root.commands::containsKey).findFirst();
        root.commands.forEach((name, command) -> {
            boolean wanted = called.isEmpty()
                    || called.get().equals(name)
                    || called.get().equals(Completion.NAME);
            if (wanted) line.addSubcommand(name, command.get());
        });
        boolean forUs =
                rest.isEmpty() || called.filter(TAKE_A_COMMAND::contains).isPresent();
        return new Line(line, root, forUs ? words : typed);
    }
}
