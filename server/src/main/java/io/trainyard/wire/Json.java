package io.trainyard.wire;

import io.trainyard.secrets.Mask;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Set;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.json.JsonReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.NullNode;

/** Reads and writes JSON the way the contracts need it: canonical, without nulls, or with secrets masked. */
public final class Json {
    public static final int MAX_DEPTH = 200;

    /** NaN and Infinity are read, so that the refusal can name the field they stand in. */
    public static final JsonMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
                    .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(MAX_DEPTH)
                            .build())
                    .build())
            .build();

    private static final Pattern PLACE = Pattern.compile(" \\(start marker at .*", Pattern.DOTALL);
    private static final Pattern QUOTED =
            Pattern.compile("((?:Unrecognized|Non-standard) token) '.*?'", Pattern.DOTALL);

    private Json() {}

    /** A body, or what kept it from being one. */
    public sealed interface Parsed {
        /** @param odd whether text in it may hold null characters or half surrogate pairs */
        record Tree(JsonNode root, boolean odd) implements Parsed {}

        record Broken(long offset, String error) implements Parsed {}

        /** Not UTF-8, or nested or long beyond reason. */
        record Unreadable() implements Parsed {}
    }

    public static Parsed read(byte[] body) {
        try {
            JsonNode root = MAPPER.readTree(body);
            return new Parsed.Tree(root.isMissingNode() ? NullNode.instance : root, odd(body));
        } catch (StreamConstraintsException tooMuch) {
            return new Parsed.Unreadable();
        } catch (JacksonException e) {
            if (!isUtf8(body)) return new Parsed.Unreadable();
            TokenStreamLocation location = e.getLocation();
            long offset = location == null ? 0 : Math.max(0, location.getByteOffset());
            return new Parsed.Broken(offset, reason(String.valueOf(e.getOriginalMessage())));
        }
    }

    /** Without the piece of the body that it quotes, which may be of a secret, and without words about the parser's own place. */
    private static String reason(String message) {
        String plain = QUOTED.matcher(PLACE.matcher(message).replaceFirst("")).replaceFirst("$1");
        return Scalars.cut(plain, 200);
    }

    private static boolean odd(byte[] body) {
        for (int i = 0; i + 1 < body.length; i++) {
            if (body[i] == (byte) 0xED || (body[i] == '\\' && body[i + 1] == 'u')) return true;
        }
        return false;
    }

    private static boolean isUtf8(byte[] body) {
        try {
            StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(body));
            return true;
        } catch (CharacterCodingException notText) {
            return false;
        }
    }

    /** What a writer leaves out or hides. */
    public record Style(boolean nulls, boolean sorted, Set<JsonNode> hidden, Mask mask) {
        public static final Style WHOLE = new Style(true, false, Set.of(), Mask.of(Set.of()));
        public static final Style WITHOUT_NULLS = new Style(false, false, Set.of(), Mask.of(Set.of()));
        public static final Style CANONICAL = new Style(true, true, Set.of(), Mask.of(Set.of()));
    }

    public static String text(JsonNode node, Style style) {
        return new String(bytes(node, style), StandardCharsets.UTF_8);
    }

    public static byte[] bytes(JsonNode node, Style style) {
        var bytes = new ByteArrayOutputStream(1024);
        try (JsonGenerator out = MAPPER.createGenerator(bytes)) {
            write(out, node, style);
        }
        return bytes.toByteArray();
    }

    public static void write(JsonGenerator out, JsonNode node, Style style) {
        switch (node.getNodeType()) {
            case OBJECT -> {
                out.writeStartObject();
                if (style.sorted()) writeSorted(out, node, style);
                else for (var entry : node.properties()) member(out, entry.getKey(), entry.getValue(), style);
                out.writeEndObject();
            }
            case ARRAY -> {
                out.writeStartArray();
                for (JsonNode item : node) write(out, item, style);
                out.writeEndArray();
            }
            case STRING ->
                out.writeString(
                        style.hidden().contains(node)
                                ? Mask.STARS
                                : style.mask().apply(node.stringValue()));
            case BOOLEAN -> out.writeBoolean(node.booleanValue());
            case NUMBER -> number(out, node);
            case NULL, MISSING, BINARY, POJO -> out.writeNull();
        }
    }

    private static void writeSorted(JsonGenerator out, JsonNode node, Style style) {
        String[] names = node.propertyNames().toArray(new String[0]);
        Arrays.sort(names);
        for (String name : names) member(out, name, node.get(name), style);
    }

    private static void member(JsonGenerator out, String name, JsonNode value, Style style) {
        if (value.isNull() && !style.nulls()) return;
        out.writeName(name);
        write(out, value, style);
    }

    private static void number(JsonGenerator out, JsonNode node) {
        if (node.isInt()) out.writeNumber(node.intValue());
        else if (node.isIntegralNumber()) out.writeNumber(node.bigIntegerValue());
        else if (node.isBigDecimal()) out.writeNumber(node.decimalValue());
        else out.writeNumber(node.doubleValue());
    }
}
