package io.trainyard;

import io.javalin.config.RoutesConfig;
import java.util.List;
import tools.jackson.databind.json.JsonMapper;

/** {@code GET /health}: the server is ready. */
final class Health {
    private final byte[] answer;

    Health(List<String> backends, String version) {
        var json = JsonMapper.builder().build();
        var body = json.createObjectNode().put("status", "ok").put("version", version);
        var list = body.putArray("backends");
        backends.forEach(list::add);
        answer = json.writeValueAsBytes(body);
    }

    void mount(RoutesConfig routes) {
        routes.get("/health", context -> context.contentType("application/json").result(answer));
    }
}
