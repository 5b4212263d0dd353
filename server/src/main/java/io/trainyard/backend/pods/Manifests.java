package io.trainyard.backend.pods;

import io.trainyard.backend.pods.Workload.Drawing;
import tools.jackson.core.util.DefaultIndenter;
import tools.jackson.core.util.DefaultPrettyPrinter;
import tools.jackson.core.util.Separators;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectWriter;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Manifests as text: indented JSON, secret values never in it. */
public final class Manifests {
    private static final JsonMapper JSON = new JsonMapper();
    /** As other tools indent JSON: two blanks, no blank before a colon, one item a line. */
    private static final ObjectWriter WRITER = JSON.writer()
            .with(new DefaultPrettyPrinter(Separators.createDefaultInstance()
                            .withObjectNameValueSpacing(Separators.Spacing.AFTER)
                            .withObjectEmptySeparator("")
                            .withArrayEmptySeparator(""))
                    .withArrayIndenter(DefaultIndenter.SYSTEM_LINEFEED_INSTANCE));

    private Manifests() {}

    public static String text(JsonNode object) {
        return WRITER.writeValueAsString(object);
    }

    /** One object as itself, several as a list that can be applied as a whole. */
    static String text(Drawing drawing) {
        if (drawing.before().isEmpty()) return text(drawing.object());
        ObjectNode list = JSON.createObjectNode().put("apiVersion", "v1").put("kind", "List");
        var items = list.putArray("items");
        drawing.before().forEach(companion -> items.add(companion.object()));
        items.add(drawing.object());
        return text(list);
    }
}
