package io.trainyard.cli.command;

import io.trainyard.cli.api.Answer;
import io.trainyard.cli.api.Job;
import io.trainyard.cli.api.Jobs;
import io.trainyard.cli.api.Json;
import io.trainyard.cli.session.Globals;
import io.trainyard.cli.session.Session;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.node.ObjectNode;

@Command(
        name = "clone",
        description = "Submit a new job like another one, whatever became of that.",
        footer = {
            "",
            "It has the spec and the secrets of the other job, and a run of its own. To go on from the checkpoints of",
            "an ended job use retry.",
            "With --wait the exit code is 0 when the new job succeeded, and 1 when it failed or was cancelled.",
            "",
            "Example:",
            "  trainyard clone 019ab3c4 --name second-try --label sweep=8 --wait"
        })
public final class Clone implements Callable<Integer> {
    private final Globals globals;

    @Parameters(paramLabel = "ID", description = "The job's id or the beginning of it.")
    private String id = "";

    @Option(names = "--name", paramLabel = "NAME", description = "Name of the new job; otherwise the same.")
    private @Nullable String name;

    @Option(
            names = "--label",
            paramLabel = "K=V",
            description = "Label; may be repeated, and replaces all of the other's.")
    private Map<String, String> labels = new LinkedHashMap<>();

    @Option(
            names = "--idempotency-key",
            paramLabel = "KEY",
            description = "The same key makes one new job in 24 hours.")
    private @Nullable String key;

    @Option(names = "--wait", description = "Wait until the new job has ended.")
    private boolean wait;

    public Clone(Globals globals) {
        this.globals = globals;
    }

    @Override
    public Integer call() {
        try (Session session = globals.open()) {
            ObjectNode body = Json.object();
            if (name != null) body.put("name", name);
            labels.forEach((label, value) -> Json.within(body, "labels").put(label, value));
            String sentUnder = key == null ? UUID.randomUUID().toString() : key;
            String whole = session.jobs().fullId(id);
            Answer answer = session.api().create(Jobs.one(whole, "clone"), body, sentUnder);
            return Act.made(session, new Job(answer.body()), wait);
        }
    }
}
