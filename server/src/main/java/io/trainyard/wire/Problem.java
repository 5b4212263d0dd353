package io.trainyard.wire;

import java.util.ArrayDeque;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.databind.JsonNode;

/**
 * One thing wrong with a body, in the words of the first implementation.
 *
 * @param input the value at fault, already masked; null where there is none to show
 * @param context limits and the like; text, numbers and lists of text
 */
public record Problem(
        Path where, String message, String type, @Nullable JsonNode input, Map<String, Object> context) {
    private static final int MAX_STEP_CHARACTERS = 200;

    /** A place in a body, from the leaf up. */
    public record Path(@Nullable Path parent, Object step) {
        public static final Path BODY = new Path(null, "body");

        public Path child(Object next) {
            return new Path(this, next);
        }

        /** As in {@code datasets[0].auth.token}. */
        @Override
        public String toString() {
            var text = new StringBuilder();
            for (Object each : steps()) {
                if (each instanceof Integer index)
                    text.append('[').append(index).append(']');
                else if (text.isEmpty()) text.append(each);
                else text.append('.').append(each);
            }
            return text.toString();
        }

        /** Below the body, each name cut to a sane length. */
        private Iterable<Object> steps() {
            var steps = new ArrayDeque<Object>();
            for (Path at = this; at.parent != null; at = at.parent) steps.addFirst(cut(at.step));
            return steps;
        }
    }

    private static Object cut(Object step) {
        return step instanceof String name && name.length() > MAX_STEP_CHARACTERS
                ? Scalars.cut(name, MAX_STEP_CHARACTERS)
                : step;
    }

    /** @param root where the place begins: {@code body}, {@code header}, {@code query} */
    public void write(JsonGenerator out, String root) {
        out.writeStartObject();
        out.writeName("loc");
        out.writeStartArray();
        out.writeString(root);
        for (Object step : where.steps()) {
            if (step instanceof Integer index) out.writeNumber(index);
            else out.writeString(String.valueOf(step));
        }
        out.writeEndArray();
        out.writeStringProperty("msg", message);
        out.writeStringProperty("type", type);
        if (input != null) {
            out.writeName("input");
            Json.write(out, input, Json.Style.WHOLE);
        }
        if (!context.isEmpty()) {
            out.writeName("ctx");
            out.writePOJO(context);
        }
        out.writeEndObject();
    }
}
