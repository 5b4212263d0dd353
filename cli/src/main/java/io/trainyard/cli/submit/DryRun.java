package io.trainyard.cli.submit;

import io.trainyard.cli.api.Api;
import io.trainyard.cli.api.Json;
import io.trainyard.cli.api.Query;
import io.trainyard.cli.screen.Cell;
import io.trainyard.cli.screen.Screen;
import io.trainyard.cli.screen.Style;
import io.trainyard.cli.session.Exit;
import io.trainyard.cli.session.Session;
import java.util.List;
import java.util.UUID;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** What would happen, without it happening. */
final class DryRun {
    private DryRun() {}

    static int show(Session session, Query query, ObjectNode body) {
        Api api = session.api();
        String unused = UUID.randomUUID().toString();
        JsonNode answer = api.create(query, body, unused).body();
        JsonNode plan = answer.path("plan");
        List<String> objections = Json.texts(plan.path("objections"));
        if (session.json()) session.document(answer);
        else show(session.screen(), plan, objections);
        return objections.isEmpty() ? Exit.GOOD : Exit.USAGE;
    }

    private static void show(Screen screen, JsonNode plan, List<String> objections) {
        for (String objection : objections) screen.line(new Cell("Objection: " + objection, Style.RED));
        for (String warning : Json.texts(plan.path("warnings")))
            screen.line(new Cell("Warning: " + warning, Style.YELLOW));
        String backend = Json.text(plan, "backend");
        String sentence = objections.isEmpty() ? "It would run on " : "It would be refused by ";
        screen.line(sentence + (backend.isEmpty() ? "no backend" : backend) + ". Nothing was submitted.");
        JsonNode backends = plan.path("backends");
        if (backends.size() > 1) {
            String fallback =
                    plan.path("fallback").asBoolean(false) ? "" : " (no fallback: only the first that takes it)";
            screen.line("In this order" + fallback + ":");
            for (JsonNode one : backends) screen.line("  " + Json.text(one, "name") + said(one));
        }
        JsonNode manifest = plan.path("manifest");
        if (manifest.isString()) screen.line("\n" + manifest.stringValue());
        else if (manifest.isContainer()) screen.line("\n" + Json.pretty(manifest));
    }

    private static String said(JsonNode backend) {
        List<String> objections = Json.texts(backend.path("objections"));
        return objections.isEmpty() ? "" : "  refuses: " + String.join("; ", objections);
    }
}
