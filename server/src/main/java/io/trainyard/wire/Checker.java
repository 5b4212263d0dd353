package io.trainyard.wire;

import io.trainyard.secrets.Mask;
import io.trainyard.wire.Fields.Field;
import io.trainyard.wire.Fields.Kind;
import io.trainyard.wire.Fields.Shape;
import io.trainyard.wire.Problem.Path;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.NullNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Walks one body along a {@link Shape}: gathers everything that is wrong, everything that is ignored and every secret,
 * and builds the body as it is after defaults.
 */
public final class Checker {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
    private static final int MAX_PROBLEMS = 200;
    private static final int MAX_WARNINGS = 100;
    private static final int MAX_SHOWN_CHARACTERS = 200;
    private static final int MAX_SHOWN_MEMBERS = 20;

    public final List<Problem> problems = new ArrayList<>(0);
    public final List<String> warnings = new ArrayList<>(2);
    /** Secret values by their place in the body, which is a name that a Kubernetes Secret takes too. */
    public final Map<String, String> secrets = new LinkedHashMap<>();
    /** The nodes those values stand in, by identity, and the names of the values. */
    public final IdentityHashMap<JsonNode, String> hidden = new IdentityHashMap<>();

    /** The object after defaults; incomplete once there are problems. */
    public ObjectNode object(JsonNode in, Shape shape, Path at) {
        ObjectNode out = JSON.objectNode();
        int met = 0;
        for (Field field : shape.fields()) {
            JsonNode given = in.get(field.name());
            if (given != null) met++;
            out.set(field.name(), given == null ? absent(field, at) : present(given, field, at.child(field.name())));
        }
        if (met < in.size()) unknown(in, shape, at);
        return out;
    }

    private JsonNode absent(Field field, Path at) {
        return switch (field.need()) {
            case OPTIONAL, DEFAULTED ->
                field.standard().isContainer() ? field.standard().deepCopy() : field.standard();
            case REQUIRED -> {
                wrong(at.child(field.name()), null, false, "field required", "value_error.missing");
                yield NullNode.instance;
            }
            case EXPECTED -> {
                warn(at.child(field.name()), "missing, the defaults are used");
                yield field.kind() instanceof Fields.One one
                        ? object(JSON.objectNode(), one.shape(), at.child(field.name()))
                        : field.standard();
            }
        };
    }

    private JsonNode present(JsonNode given, Field field, Path at) {
        if (given.isNull()) {
            if (field.need() != Fields.Need.OPTIONAL) none(at, given);
            return NullNode.instance;
        }
        JsonNode value = value(given, field.kind(), at, field.hides());
        if (value == null) return NullNode.instance;
        if (field.secret() && value.isString()) secret(value, at);
        return value;
    }

    public void secret(JsonNode value, Path at) {
        String text = value.stringValue();
        if (text.isEmpty()) return;
        String name = secretName(at);
        while (secrets.containsKey(name)) name += "_";
        hidden.put(value, name);
        secrets.put(name, text);
    }

    /** Hides what stands below suspicious names in an object of anything. */
    public void hideSuspicious(JsonNode in, Path at, boolean below) {
        if (in.isObject()) {
            for (var entry : in.properties())
                hideSuspicious(entry.getValue(), at.child(entry.getKey()), below || Secrecy.suspicious(entry.getKey()));
        } else if (in.isArray()) {
            for (int i = 0; i < in.size(); i++) hideSuspicious(in.get(i), at.child(i), below);
        } else if (below && in.isString() && !hidden.containsKey(in)) {
            secret(in, at);
        }
    }

    /** As in {@code datasets.0.auth.token}. */
    static String secretName(Path at) {
        var name = new StringBuilder();
        for (char each : at.toString().replace("[", ".").replace("]", "").toCharArray()) {
            boolean plain = each < 128 && (Character.isLetterOrDigit(each) || "-._".indexOf(each) >= 0);
            name.append(plain ? each : '_');
        }
        return name.toString();
    }

    public @Nullable JsonNode value(JsonNode in, Kind kind, Path at, boolean hides) {
        return switch (kind) {
            case Fields.Text text -> Scalars.text(this, at, hides, in, text.minLength());
            case Fields.Whole whole -> Scalars.whole(this, at, hides, in, whole);
            case Fields.Decimal number -> Scalars.number(this, at, hides, in, number);
            case Fields.Flag _ -> Scalars.flag(this, at, hides, in);
            case Fields.Choice choice -> Scalars.choice(this, at, hides, in, choice.words());
            case Fields.Url url -> Scalars.url(this, at, hides, in, url.schemes());
            case Fields.Many many -> items(in, many.item(), at, hides);
            case Fields.One one ->
                in.isObject()
                        ? object(in, one.shape(), at)
                        : wrong(at, in, hides, "value is not a valid dict", "type_error.dict");
            case Fields.Named named -> members(in, named.value(), at, hides);
            case Fields.Free _ -> free(in, at, hides);
        };
    }

    private @Nullable JsonNode items(JsonNode in, Kind kind, Path at, boolean hides) {
        if (!in.isArray()) return wrong(at, in, hides, "value is not a valid list", "type_error.list");
        ArrayNode out = JSON.arrayNode(in.size());
        for (int i = 0; i < in.size(); i++) {
            JsonNode item = in.get(i);
            JsonNode value = item.isNull() ? none(at.child(i), item) : value(item, kind, at.child(i), hides);
            if (value != null) out.add(value);
        }
        return out;
    }

    private @Nullable JsonNode members(JsonNode in, Kind kind, Path at, boolean hides) {
        if (!in.isObject()) return wrong(at, in, hides, "value is not a valid dict", "type_error.dict");
        ObjectNode out = JSON.objectNode();
        for (var entry : in.properties()) {
            JsonNode value = entry.getValue().isNull()
                    ? none(at.child(entry.getKey()), entry.getValue())
                    : value(entry.getValue(), kind, at.child(entry.getKey()), hides);
            if (value != null) out.set(entry.getKey(), value);
        }
        return out;
    }

    private @Nullable JsonNode none(Path at, JsonNode in) {
        return wrong(at, in, false, "none is not an allowed value", "type_error.none.not_allowed");
    }

    private @Nullable JsonNode free(JsonNode in, Path at, boolean hides) {
        if (!in.isObject()) return wrong(at, in, hides, "value is not a valid dict", "type_error.dict");
        finite(in, at);
        return in;
    }

    private void finite(JsonNode in, Path at) {
        if (in.isObject()) {
            for (var entry : in.properties()) finite(entry.getValue(), at.child(entry.getKey()));
        } else if (in.isArray()) {
            for (int i = 0; i < in.size(); i++) finite(in.get(i), at.child(i));
        } else if (in.isNumber() && !in.isIntegralNumber() && !Double.isFinite(in.doubleValue())) {
            wrong(at, in, false, "ensure this value is a finite number", "value_error.number.not_finite_number");
        }
    }

    /** Refuses text that no process environment and no database column can hold. */
    public void wellFormed(JsonNode in, Path at) {
        if (in.isObject()) {
            for (var entry : in.properties()) {
                if (isText(entry.getKey())) wellFormed(entry.getValue(), at.child(entry.getKey()));
                else notText(at);
            }
        } else if (in.isArray()) {
            for (int i = 0; i < in.size(); i++) wellFormed(in.get(i), at.child(i));
        } else if (in.isString() && !isText(in.stringValue())) {
            notText(at);
        }
    }

    private void notText(Path at) {
        wrong(at, null, true, "null characters and unpaired surrogates are not allowed", "value_error.unicode");
    }

    private static boolean isText(String text) {
        boolean half = false;
        for (int i = 0; i < text.length(); i++) {
            char each = text.charAt(i);
            if (each == 0 || half != Character.isLowSurrogate(each)) return false;
            half = Character.isHighSurrogate(each);
        }
        return !half;
    }

    private void unknown(JsonNode in, Shape shape, Path at) {
        for (String name : in.propertyNames()) {
            if (!shape.byName().containsKey(name)) warn(at.child(name), "unknown field, ignored");
        }
    }

    public void warn(Path at, String what) {
        if (warnings.size() < MAX_WARNINGS) warnings.add(at + ": " + what);
        else if (warnings.size() == MAX_WARNINGS) warnings.add("and more");
    }

    public @Nullable JsonNode wrong(Path at, @Nullable JsonNode in, boolean hides, String message, String type) {
        return wrong(at, in, hides, message, type, Map.of());
    }

    /** Always null, so that a value's reader can say what is wrong and be done. */
    public @Nullable JsonNode wrong(
            Path at, @Nullable JsonNode in, boolean hides, String message, String type, Map<String, Object> context) {
        if (problems.size() < MAX_PROBLEMS) {
            JsonNode input = in == null ? null : hides ? JSON.stringNode(Mask.STARS) : shown(in);
            problems.add(new Problem(at, message, type, input, context));
        }
        return null;
    }

    /** What may be repeated to the client: short, valid JSON, and nothing that looks like a secret. */
    private static JsonNode shown(JsonNode in) {
        if (in.isObject()) {
            ObjectNode out = JSON.objectNode();
            for (var entry : in.properties()) {
                if (out.size() == MAX_SHOWN_MEMBERS) break;
                JsonNode value = entry.getValue();
                String name = Scalars.cut(entry.getKey(), MAX_SHOWN_CHARACTERS);
                if (Secrecy.suspicious(name)) out.put(name, Mask.STARS);
                else if (!value.isContainer()) out.set(name, shown(value));
                else out.put(name, "…");
            }
            return out;
        }
        if (in.isArray()) {
            ArrayNode out = JSON.arrayNode();
            for (JsonNode item : in) {
                if (out.size() == MAX_SHOWN_MEMBERS) break;
                out.add(item.isContainer() ? JSON.stringNode("…") : shown(item));
            }
            return out;
        }
        if (in.isString()) return JSON.stringNode(Scalars.cut(in.stringValue(), MAX_SHOWN_CHARACTERS));
        if (in.isIntegralNumber() && !in.canConvertToLong())
            return JSON.stringNode(Scalars.cut(in.bigIntegerValue().toString(), MAX_SHOWN_CHARACTERS));
        if (in.isNumber() && !Double.isFinite(in.doubleValue()))
            return JSON.stringNode(String.valueOf(in.doubleValue()));
        return in;
    }
}
