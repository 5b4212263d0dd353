package io.trainyard.cli.command;

import io.trainyard.cli.api.Json;
import io.trainyard.cli.screen.Screen;
import io.trainyard.cli.screen.Style;
import io.trainyard.cli.session.Session;
import tools.jackson.databind.JsonNode;

/** Lines of a log as they were written; with several nodes each says whose it is, in the words in which causes name them. */
final class LogPrinter {
    private final Screen screen;
    private final boolean json;
    private boolean severalRanks;

    LogPrinter(Session session, boolean severalRanks) {
        this.screen = session.screen();
        this.json = session.json();
        this.severalRanks = severalRanks;
    }

    void print(JsonNode line) {
        if (json) {
            screen.line(Json.compact(line));
            return;
        }
        long rank = Json.whole(line, "rank").orElse(0L);
        severalRanks |= rank > 0;
        String prefix = severalRanks ? screen.styled("[node-" + rank + "] ", Style.CYAN) : "";
        Style style = Json.text(line, "stream").equals("stderr") ? Style.DIM : Style.PLAIN;
        screen.line(prefix + screen.styled(Json.text(line, "text"), style));
    }
}
