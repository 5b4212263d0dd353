package io.trainyard.wire;

import io.trainyard.wire.Fields.Field;
import io.trainyard.wire.Fields.Kind;
import io.trainyard.wire.Fields.Need;
import io.trainyard.wire.Fields.Shape;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** A table of fields as a JSON schema, for a contract's OpenAPI document. */
public final class Schema {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    private Schema() {}

    public static ObjectNode of(Shape shape) {
        ObjectNode schema = JSON.objectNode().put("type", "object");
        ObjectNode properties = schema.putObject("properties");
        var required = JSON.arrayNode();
        for (Field field : shape.fields()) {
            ObjectNode property = kind(field.kind());
            if (field.need() == Need.OPTIONAL) {
                ObjectNode either = JSON.objectNode();
                either.putArray("anyOf").add(property).addObject().put("type", "null");
                property = either;
            }
            if (!field.standard().isNull()) property.set("default", field.standard());
            if (field.need() == Need.REQUIRED) required.add(field.name());
            properties.set(field.name(), property);
        }
        if (!required.isEmpty()) schema.set("required", required);
        return schema;
    }

    private static ObjectNode kind(Kind kind) {
        ObjectNode schema = JSON.objectNode();
        return switch (kind) {
            case Fields.Text text -> {
                schema.put("type", "string");
                yield text.minLength() == 0 ? schema : schema.put("minLength", text.minLength());
            }
            case Fields.Whole whole ->
                schema.put("type", "integer").put("minimum", whole.min()).put("maximum", whole.max());
            case Fields.Decimal number -> {
                schema.put("type", "number").put(number.open() ? "exclusiveMinimum" : "minimum", number.min());
                yield number.max() == Double.MAX_VALUE ? schema : schema.put("maximum", number.max());
            }
            case Fields.Flag _ -> schema.put("type", "boolean");
            case Fields.Choice choice -> {
                var words = schema.put("type", "string").putArray("enum");
                choice.words().forEach(words::add);
                yield schema;
            }
            case Fields.Url _ -> schema.put("type", "string").put("format", "uri");
            case Fields.Many many -> {
                schema.put("type", "array").set("items", kind(many.item()));
                yield schema;
            }
            case Fields.Named named -> {
                schema.put("type", "object").set("additionalProperties", kind(named.value()));
                yield schema;
            }
            case Fields.One one -> of(one.shape());
            case Fields.Free _ -> schema.put("type", "object");
        };
    }
}
