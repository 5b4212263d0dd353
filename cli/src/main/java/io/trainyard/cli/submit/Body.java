package io.trainyard.cli.submit;

import io.trainyard.cli.api.Json;
import io.trainyard.cli.session.Surroundings;
import io.trainyard.cli.session.Usage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.node.ObjectNode;

/** The JSON object in a file or on standard input. */
final class Body {
    private Body() {}

    /** @param file null for an empty object, {@code -} for standard input */
    static ObjectNode read(@Nullable String file, Surroundings surroundings) {
        if (file == null) return Json.object();
        String place = file.equals("-") ? "standard input" : file;
        try {
            String text = file.equals("-")
                    ? new String(surroundings.in().readAllBytes(), StandardCharsets.UTF_8)
                    : Files.readString(Path.of(file));
            if (Json.read(text) instanceof ObjectNode object) return object;
            throw new Usage("In " + place + " should stand one JSON object.");
        } catch (IOException unreadable) {
            throw new Usage("Cannot read " + place + ": " + unreadable);
        } catch (JacksonException broken) {
            var where = broken.getLocation();
            String line = where == null ? "" : " (line " + where.getLineNr() + ", column " + where.getColumnNr() + ")";
            throw new Usage("What stands in " + place + " is not JSON" + line + ": " + broken.getOriginalMessage());
        }
    }
}
