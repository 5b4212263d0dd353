package io.trainyard.cli.session;

import io.trainyard.cli.api.Api;
import io.trainyard.cli.api.Jobs;
import io.trainyard.cli.api.Json;
import io.trainyard.cli.screen.Screen;
import tools.jackson.databind.JsonNode;

/** One command under way: its connection, its screen, and whether it answers in JSON. */
public record Session(Api api, Screen screen, Surroundings surroundings, boolean json) implements AutoCloseable {
    public Jobs jobs() {
        return new Jobs(api);
    }

    /** One whole document: laid out on a terminal, one line in a pipe. */
    public void document(JsonNode node) {
        screen.line(screen.terminal() ? Json.pretty(node) : Json.compact(node));
    }

    @Override
    public void close() {
        api.close();
    }
}
