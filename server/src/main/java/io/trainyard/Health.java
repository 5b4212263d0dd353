package io.trainyard;

import io.javalin.config.RoutesConfig;
import java.util.List;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** {@code GET /health}: the server is ready. As the studio contract says it, with more. */
final class Health {
    private final byte[] answer;

    /** @param backends all of them, under whatever contract */
    Health(ObjectNode studio, List<String> backends, String version) {
        var json = JsonMapper.builder().build();
        ObjectNode body = studio.put("version", version);
        var list = body.putArray("allBackends");
        backends.forEach(list::add);
        answer = json.writeValueAsBytes(body);
    }

    void mount(RoutesConfig routes) {
        routes.get("/health", context -> context.contentType("application/json").result(answer));
    }
}
