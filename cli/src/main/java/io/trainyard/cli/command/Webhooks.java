package io.trainyard.cli.command;

import io.trainyard.cli.api.Jobs;
import io.trainyard.cli.api.Json;
import io.trainyard.cli.screen.Cell;
import io.trainyard.cli.screen.Style;
import io.trainyard.cli.screen.Table;
import io.trainyard.cli.session.Exit;
import io.trainyard.cli.session.Globals;
import io.trainyard.cli.session.Session;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/** What the receivers of a job were told, and telling them once more. */
@Command(
        name = "webhooks",
        synopsisSubcommandLabel = "list|replay",
        description = "Look at what the webhooks of a job were told, and tell them once more.",
        footer = {"", "Examples:", "  trainyard webhooks list 019ab3c4", "  trainyard webhooks replay 019ab3c4 17"})
public final class Webhooks implements Runnable {
    private static final int MOST_SHOWN = 100;
    private final Globals globals;

    public Webhooks(Globals globals) {
        this.globals = globals;
    }

    /** Without a verb there is nothing to do but to name the verbs. */
    @Override
    public void run() {
        globals.screen().remark("Say what to do: trainyard webhooks list ID, or replay ID DELIVERY.");
    }

    @Command(description = "Each webhook as it stands, and the last deliveries, newest first.")
    int list(
            @Parameters(paramLabel = "ID", description = "The job's id or the beginning of it.") String id,
            @Option(names = "--limit", defaultValue = "20", description = "Deliveries to show (${DEFAULT-VALUE}).")
                    int limit) {
        try (Session session = globals.open()) {
            String whole = session.jobs().fullId(id);
            int shown = Math.clamp(limit, 1, MOST_SHOWN);
            JsonNode answer = session.api().get(Jobs.one(whole, "deliveries").with("limit", Integer.toString(shown)));
            if (session.json()) session.document(answer);
            else show(session, answer);
        }
        return Exit.GOOD;
    }

    private static void show(Session session, JsonNode answer) {
        if (answer.path("webhooks").isEmpty()) {
            session.screen().remark("This job has no webhooks.");
            return;
        }
        Table webhooks = new Table("WEBHOOK", "STATE", "PENDING", "URL");
        int place = 0;
        for (JsonNode webhook : answer.path("webhooks"))
            webhooks.row(
                    Cell.plain(Integer.toString(place++)),
                    webhook.path("enabled").asBoolean(true) ? Cell.plain("on") : new Cell("off", Style.RED),
                    Cell.plain(Json.text(webhook, "pending")),
                    Cell.plain(Json.text(webhook, "url")));
        webhooks.show(session.screen());
        if (answer.path("deliveries").isEmpty()) return;
        session.screen().line("");
        Table deliveries = new Table("DELIVERY", "WEBHOOK", "AT", "EVENT", "ATTEMPT", "RESULT", "MS", "ERROR");
        for (JsonNode delivery : answer.path("deliveries")) deliveries.row(row(delivery));
        deliveries.show(session.screen());
    }

    private static Cell[] row(JsonNode delivery) {
        String result = Json.text(delivery, "result");
        return new Cell[] {
            Cell.plain(Json.text(delivery, "id")),
            Cell.plain(Json.text(delivery, "webhook")),
            Cell.plain(Json.text(delivery, "at")),
            Cell.plain(Json.text(delivery, "event")),
            Cell.plain(Json.text(delivery, "attempt")),
            result.equals("delivered") ? Cell.plain(result) : new Cell(result, Style.RED),
            Cell.plain(Long.toString(Json.whole(delivery, "duration_ms").orElse(0L))),
            Cell.dim(Json.text(delivery, "error"))
        };
    }

    @Command(description = "Tell the event of a delivery once more. A webhook that is off is turned on again.")
    int replay(
            @Parameters(paramLabel = "ID", description = "The job's id or the beginning of it.") String id,
            @Parameters(paramLabel = "DELIVERY", description = "As webhooks list shows it.") String delivery) {
        try (Session session = globals.open()) {
            String whole = session.jobs().fullId(id);
            JsonNode answer = session.api()
                    .send("POST", Jobs.one(whole, "deliveries", delivery, "replay"))
                    .body();
            if (session.json()) session.document(answer);
            else
                session.screen()
                        .line(Cell.plain("%s of %s is told once more".formatted(Json.text(answer, "event"), whole)));
        }
        return Exit.GOOD;
    }
}
