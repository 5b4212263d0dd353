package io.trainyard.cli.command;

import io.trainyard.cli.api.EventStream;
import io.trainyard.cli.api.JobEvent;
import io.trainyard.cli.api.Jobs;
import io.trainyard.cli.api.Json;
import io.trainyard.cli.follow.Detachment;
import io.trainyard.cli.follow.Words;
import io.trainyard.cli.screen.Cell;
import io.trainyard.cli.session.Exit;
import io.trainyard.cli.session.Globals;
import io.trainyard.cli.session.Session;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.node.ObjectNode;

@Command(
        name = "events",
        description = "Print the history of a job.",
        footer = {
            "",
            "Ctrl-C ends only the watching (exit code 130); the job goes on.",
            "",
            "Examples:",
            "  trainyard events 019ab3c4",
            "  trainyard events 019ab3c4 -f --json"
        })
public final class Events implements Callable<Integer> {
    private final Globals globals;

    @Parameters(paramLabel = "ID", description = "The job's id or the beginning of it.")
    private String id = "";

    @Option(
            names = {"-f", "--follow"},
            description = "Go on printing until the job has ended.")
    private boolean follow;

    public Events(Globals globals) {
        this.globals = globals;
    }

    @Override
    public Integer call() {
        try (Session session = globals.open()) {
            String whole = session.jobs().fullId(id);
            if (follow) {
                stream(session, whole);
            } else if (session.json()) {
                ObjectNode document = Json.object();
                var list = document.putArray("events");
                for (JobEvent event : session.jobs().events(whole)) list.add(event.json());
                session.document(document);
            } else {
                for (JobEvent event : session.jobs().events(whole)) print(session, event);
            }
        }
        return Exit.GOOD;
    }

    private static void stream(Session session, String id) {
        try (var _ = Detachment.armed(session.screen(), "the job goes on", "trainyard events -f " + id)) {
            new EventStream(session.api(), Jobs.one(id, "events")).follow(new EventStream.Listener() {
                @Override
                public boolean message(EventStream.Message message) {
                    JobEvent event = new JobEvent(Json.read(message.data()));
                    if (!event.json().isObject()) return false;
                    print(session, event);
                    return event.terminal() || session.screen().unread();
                }

                @Override
                public void trouble(String sentence) {
                    session.screen().remark(sentence + " Trying again.");
                }
            });
        }
    }

    private static void print(Session session, JobEvent event) {
        if (session.json()) session.screen().line(Json.compact(event.json()));
        else session.screen().line(Words.line(event).toArray(Cell[]::new));
    }
}
