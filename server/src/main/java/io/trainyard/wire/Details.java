package io.trainyard.wire;

import java.io.ByteArrayOutputStream;
import java.util.List;
import tools.jackson.core.JsonGenerator;

/** Refusals as their bodies: {@code {"detail": text}}, or {@code {"detail": [problem, …]}}. */
public final class Details {
    private Details() {}

    public static byte[] text(String text) {
        var bytes = new ByteArrayOutputStream(64 + text.length());
        try (JsonGenerator out = Json.MAPPER.createGenerator(bytes)) {
            out.writeStartObject();
            out.writeStringProperty("detail", text);
            out.writeEndObject();
        }
        return bytes.toByteArray();
    }

    /** @param root where the places begin: {@code body} or {@code header} */
    public static byte[] problems(String root, List<Problem> problems) {
        var bytes = new ByteArrayOutputStream(1024);
        try (JsonGenerator out = Json.MAPPER.createGenerator(bytes)) {
            out.writeStartObject();
            out.writeArrayPropertyStart("detail");
            for (Problem problem : problems) problem.write(out, root);
            out.writeEndArray();
            out.writeEndObject();
        }
        return bytes.toByteArray();
    }

    /** For a body that is no JSON. */
    public static byte[] broken(Json.Parsed.Broken broken) {
        var bytes = new ByteArrayOutputStream(256);
        try (JsonGenerator out = Json.MAPPER.createGenerator(bytes)) {
            out.writeStartObject();
            out.writeArrayPropertyStart("detail");
            out.writeStartObject();
            out.writeStringProperty("type", "json_invalid");
            out.writeArrayPropertyStart("loc");
            out.writeString("body");
            out.writeNumber(broken.offset());
            out.writeEndArray();
            out.writeStringProperty("msg", "JSON decode error");
            out.writeObjectPropertyStart("input");
            out.writeEndObject();
            out.writeObjectPropertyStart("ctx");
            out.writeStringProperty("error", broken.error());
            out.writeEndObject();
            out.writeEndObject();
            out.writeEndArray();
            out.writeEndObject();
        }
        return bytes.toByteArray();
    }
}
