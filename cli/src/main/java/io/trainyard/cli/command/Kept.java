package io.trainyard.cli.command;

import io.trainyard.cli.api.Jobs;
import io.trainyard.cli.api.Json;
import io.trainyard.cli.screen.Cell;
import io.trainyard.cli.screen.Screen;
import io.trainyard.cli.screen.Table;
import io.trainyard.cli.screen.Written;
import io.trainyard.cli.session.Exit;
import io.trainyard.cli.session.Globals;
import io.trainyard.cli.session.Session;
import java.time.Instant;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/** The commands that list what a job has put down in its folders. */
public abstract sealed class Kept implements Callable<Integer> {
    private final Globals globals;
    private final String list;

    @Parameters(paramLabel = "ID", description = "The job's id or the beginning of it.")
    private String id = "";

    private Kept(Globals globals, String list) {
        this.globals = globals;
        this.list = list;
    }

    @Override
    public Integer call() {
        try (Session session = globals.open()) {
            JsonNode answer = session.api().get(Jobs.one(session.jobs().fullId(id), list));
            if (session.json()) session.document(answer);
            else show(session.screen(), answer);
        }
        return Exit.GOOD;
    }

    private void show(Screen screen, JsonNode answer) {
        String location = Json.text(answer, "location");
        String note = Json.text(answer, "note");
        if (!location.isEmpty()) screen.line("In " + location);
        if (!note.isEmpty()) screen.remark("Not listed: " + note + ".");
        else if (!rows(answer, screen)) screen.remark("Nothing there yet.");
        if (answer.path("more").asBoolean(false)) screen.remark("There are more; see the folder itself.");
    }

    /** @return whether there was anything to show */
    abstract boolean rows(JsonNode answer, Screen screen);

    private static Cell time(JsonNode item, String field) {
        String text = Json.text(item, field);
        return Cell.plain(text.isEmpty() ? "" : Written.date(Instant.parse(text)));
    }

    private static Cell bytes(JsonNode item) {
        return Cell.plain(Written.bytes(Json.whole(item, "bytes").orElse(0L)));
    }

    @Command(
            name = "artifacts",
            description = "List the files of a job's results.",
            footer = {"", "Example:", "  trainyard artifacts 019ab3c4 --json | jq -r '.files[].path'"})
    public static final class Artifacts extends Kept {
        public Artifacts(Globals globals) {
            super(globals, "artifacts");
        }

        @Override
        boolean rows(JsonNode answer, Screen screen) {
            Table table = new Table("FILE", "SIZE", "WRITTEN");
            JsonNode files = answer.path("files");
            for (JsonNode file : files)
                table.row(Cell.plain(Json.text(file, "path")), bytes(file), time(file, "modified_at"));
            if (!files.isEmpty()) table.show(screen);
            return !files.isEmpty();
        }
    }

    @Command(
            name = "checkpoints",
            description = "List the checkpoints that a job, or its retry, can go on from.",
            footer = {"", "Example:", "  trainyard checkpoints 019ab3c4"})
    public static final class Checkpoints extends Kept {
        public Checkpoints(Globals globals) {
            super(globals, "checkpoints");
        }

        @Override
        boolean rows(JsonNode answer, Screen screen) {
            Table table = new Table("STEP", "COMPLETE", "FILES", "SIZE", "SAVED");
            JsonNode checkpoints = answer.path("checkpoints");
            for (JsonNode one : checkpoints)
                table.row(
                        Cell.plain(Json.text(one, "step")),
                        Cell.plain(one.path("complete").asBoolean(false) ? "yes" : "no"),
                        Cell.plain(Json.text(one, "files")),
                        bytes(one),
                        time(one, "saved_at"));
            if (!checkpoints.isEmpty()) table.show(screen);
            return !checkpoints.isEmpty();
        }
    }
}
