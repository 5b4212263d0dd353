package io.trainyard.cli.command;

import io.trainyard.cli.api.Answer;
import io.trainyard.cli.api.Jobs;
import io.trainyard.cli.api.Json;
import io.trainyard.cli.session.Exit;
import io.trainyard.cli.session.Globals;
import io.trainyard.cli.session.Session;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        name = "delete",
        description = "Forget jobs with their history and logs. A living one is cancelled first.",
        footer = {"", "What a job wrote to its own outputs stays.", "", "Example:", "  trainyard delete 019ab3c4"})
public final class Delete implements Callable<Integer> {
    private static final int CANCELLED_FIRST = 202;

    private final Globals globals;

    @Parameters(paramLabel = "ID", arity = "1..*", description = "Ids of jobs or the beginnings of them.")
    private List<String> ids = new ArrayList<>();

    public Delete(Globals globals) {
        this.globals = globals;
    }

    @Override
    public Integer call() {
        try (Session session = globals.open()) {
            for (String id : ids) {
                String whole = session.jobs().fullId(id);
                Answer answer = session.api().send("DELETE", Jobs.one(whole));
                boolean later = answer.status() == CANCELLED_FIRST;
                if (session.json()) {
                    session.document(Json.object().put("id", whole).put("deleted", !later));
                } else {
                    session.screen().line(whole + (later ? "  is being cancelled and then deleted" : "  deleted"));
                }
            }
        }
        return Exit.GOOD;
    }
}
