package io.trainyard.backend.local;

import io.trainyard.backend.Plan;
import io.trainyard.backend.trainer.RunFile;
import io.trainyard.job.Attempt;
import io.trainyard.job.Capacity;
import io.trainyard.job.Grant;
import io.trainyard.job.JobId;
import io.trainyard.job.Queue.Demand;
import io.trainyard.spec.JobSpec;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.json.JsonMapper;

/** What would become of a job on this machine. */
record Planner(LocalSettings settings, Capacity capacity, Machine machine, Interpreters interpreters) {
    private static final JsonMapper JSON = new JsonMapper();

    static String noPython(String framework) {
        return "python: no interpreter with the packages of %1$s is set up on this machine; make them with trainer/environment %1$s%2$s"
                .formatted(
                        framework,
                        framework.equals("hf") ? ", or set trainyard.local.python to one that has them" : "");
    }

    Plan plan(JobSpec spec) {
        var fit = Fit.of(spec.resources(), capacity, settings.limits().oversize());
        var program = Program.of(spec, settings.allowCommands(), interpreters);
        boolean ownCommand = program instanceof Program.Command;
        var objections = new ArrayList<String>();
        machine.lack().ifPresent(objections::add);
        objections.addAll(fit.objections());
        objections.addAll(Variables.objections(spec, ownCommand));
        switch (program) {
            case Program.Impossible impossible -> objections.add(impossible.objection());
            case Program.Trainer trainer -> {
                if (interpreters.of(trainer.framework()).isEmpty()) objections.add(noPython(trainer.framework()));
            }
            case Program.Script _ -> {
                if (settings.scriptPython().isEmpty()) objections.add(noPython("hf"));
                if (!Files.isRegularFile(settings.scriptFile()))
                    objections.add(
                            "python: the training script %s is not on this machine; put it there, or name another with TRAIN_SCRIPT_PATH"
                                    .formatted(settings.scriptFile()));
            }
            case Program.Command _ -> {}
        }
        var warnings = new ArrayList<>(fit.warnings());
        warnings.addAll(Program.warnings(spec, program, fit.demand().gpus() > 0));
        warnings.addAll(Variables.warnings(spec, !ownCommand));
        return new Plan(objections, warnings, fit.demand(), manifest(spec, program, fit.demand()));
    }

    private String manifest(JobSpec spec, Program program, Demand demand) {
        int processes = program.processes(spec, demand.gpus(), demand.cpus());
        List<String> arguments = switch (program) {
            case Program.Trainer trainer ->
                Program.arguments(
                        interpreters.of(trainer.framework()).orElse("python"),
                        settings.trainFile().toString(),
                        processes);
            case Program.Command command -> command.arguments();
            case Program.Script script ->
                script.command(
                        settings.scriptPython().orElse("python"),
                        settings.scriptFile().toString());
            case Program.Impossible _ -> List.of();
        };
        // Which GPUs it gets is known at the launch only; the indices here only fill the place.
        var grant = new Grant(Collections.nCopies(demand.gpus(), 0), demand.cpus(), demand.memoryBytes());
        var attempt = new Attempt(new JobId(JobId.PREFIX), 1, LocalBackend.NAME, grant);
        var folder = new Folder(settings.home().resolve("jobs").resolve("<job>").resolve("<attempt>"));
        var place = new Variables.Place(
                folder,
                attempt,
                processes,
                program instanceof Program.Command,
                "",
                settings.trainer(),
                Optional.empty());
        Map<String, String> names = Variables.of(spec, place, settings.passOn(), System.getenv(), _ -> "");
        return JSON.writerWithDefaultPrettyPrinter()
                .writeValueAsString(RunFile.object(
                        "arguments",
                        arguments,
                        "environment",
                        List.copyOf(names.keySet()),
                        "working_directory",
                        folder.work().toString(),
                        "grant",
                        RunFile.object(
                                "gpus", demand.gpus(), "cpus", demand.cpus(), "memory_bytes", demand.memoryBytes())));
    }
}
