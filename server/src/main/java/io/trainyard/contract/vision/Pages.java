package io.trainyard.contract.vision;

import io.trainyard.wire.Json;
import io.trainyard.wire.Problem;
import io.trainyard.wire.Schema;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** What a form needs to know: the schema, the defaults, ready-made settings, and whether a config would be taken. */
final class Pages {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    private Pages() {}

    private record Preset(String name, String label, int epochs, int batchSize, double learningRate) {}

    private static final List<Preset> PRESETS = List.of(
            new Preset("quick", "A first look", 5, 16, 0.001),
            new Preset("balanced", "A good start", 50, 32, 0.001),
            new Preset("accurate", "As good as it gets", 200, 32, 0.0001));

    static ObjectNode schema() {
        ObjectNode schema = Schema.of(Tables.CREATE);
        ObjectNode properties = (ObjectNode) schema.get("properties");
        properties.set("job_id", JSON.objectNode().put("type", "integer").put("minimum", 0));
        ((ObjectNode) properties.get("learning_rate")).put("exclusiveMaximum", 1);
        ObjectNode out = JSON.objectNode();
        out.set("schema", schema);
        Tables.FRAMEWORKS.forEach(out.putArray("frameworks")::add);
        return out;
    }

    static ObjectNode defaults() {
        ObjectNode config = preset(PRESETS.get(1));
        ObjectNode out = JSON.objectNode();
        for (var field : Tables.CREATE.fields())
            if (!field.standard().isNull()) config.set(field.name(), field.standard());
        config.putObject("advanced_config");
        ObjectNode resources = config.putObject("resources");
        for (var field : Tables.RESOURCES.fields()) resources.set(field.name(), field.standard());
        out.set("config", config);
        return out;
    }

    static ObjectNode presets() {
        ObjectNode out = JSON.objectNode();
        var list = out.putArray("presets");
        for (Preset preset : PRESETS) {
            ObjectNode each = list.addObject().put("name", preset.name()).put("label", preset.label());
            each.set("config", preset(preset));
        }
        return out;
    }

    private static ObjectNode preset(Preset preset) {
        return JSON.objectNode()
                .put("epochs", preset.epochs())
                .put("batch_size", preset.batchSize())
                .put("learning_rate", preset.learningRate())
                .put("optimizer", "adam");
    }

    /** Never refuses a config: it says what would be refused. */
    static ObjectNode validated(JsonNode body) {
        ObjectNode config = ((ObjectNode) body.get("config")).deepCopy();
        for (String field : List.of("framework", "task_type"))
            if (!config.has(field) && !body.path(field).isNull()) config.set(field, body.get(field));
        ObjectNode out = JSON.objectNode();
        switch (Request.create(config, true)) {
            case Request.Reading.Good good -> {
                out.put("valid", true).putArray("errors");
                good.request().warnings().forEach(out.putArray("warnings")::add);
            }
            case Request.Reading.Wrong wrong -> {
                var errors = out.put("valid", false).putArray("errors");
                for (Problem problem : wrong.problems())
                    errors.addObject().put("field", problem.where().toString()).put("message", problem.message());
                out.putArray("warnings");
            }
        }
        return (ObjectNode) Json.MAPPER.readTree(Answers.bytes(out));
    }
}
