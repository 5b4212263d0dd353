package io.trainyard.wire;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/**
 * What a contract's table of fields is made of: names, kinds, defaults and limits in their published order. The tables
 * themselves stand in the contracts.
 */
public final class Fields {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    private Fields() {}

    public sealed interface Kind {
        /** Whether a value of this kind may hold a secret, so that a wrong one is not shown. */
        default boolean hides() {
            return switch (this) {
                case One one -> one.shape().hides();
                case Many many -> many.item().hides();
                case Named named -> named.value().hides();
                case Text _, Whole _, Decimal _, Flag _, Choice _, Url _, Free _ -> false;
            };
        }
    }

    public record Text(int minLength) implements Kind {}

    public record Whole(int min, int max) implements Kind {
        public Whole(int min) {
            this(min, Integer.MAX_VALUE);
        }
    }

    /** @param open whether min itself is refused */
    public record Decimal(double min, boolean open, double max) implements Kind {}

    public record Flag() implements Kind {}

    public record Choice(List<String> words) implements Kind {
        public Choice {
            words = List.copyOf(words);
        }
    }

    public record Url(List<String> schemes) implements Kind {
        public Url {
            schemes = List.copyOf(schemes);
        }
    }

    public record Many(Kind item) implements Kind {}

    public record One(Shape shape) implements Kind {}

    /** An object whose members have names of the client's choice and values of one kind. */
    public record Named(Kind value) implements Kind {}

    /** An object of anything. */
    public record Free() implements Kind {}

    public enum Need {
        REQUIRED,
        /** Takes null. */
        OPTIONAL,
        /** Null is refused. */
        DEFAULTED,
        /** Required by the letter, left out by a real client: its defaults hold, with a warning. */
        EXPECTED
    }

    /** @param standard the value when absent */
    public record Field(String name, Kind kind, Need need, JsonNode standard, boolean secret) {
        /** The same, holding a secret. */
        public Field hidden() {
            return new Field(name, kind, need, standard, true);
        }

        boolean hides() {
            return secret || kind.hides();
        }
    }

    public record Shape(Map<String, Field> byName, List<Field> fields, boolean hides) {
        public static Shape of(Field... fields) {
            var byName = new LinkedHashMap<String, Field>();
            for (Field field : fields) byName.put(field.name(), field);
            return new Shape(byName, List.of(fields), List.of(fields).stream().anyMatch(Field::hides));
        }
    }

    public static Field required(String name, Kind kind) {
        return new Field(name, kind, Need.REQUIRED, JSON.nullNode(), false);
    }

    /** Absent and null are the same. */
    public static Field optional(String name, Kind kind) {
        return new Field(name, kind, Need.OPTIONAL, JSON.nullNode(), false);
    }

    public static Field standard(String name, Kind kind, JsonNode standard) {
        return new Field(name, kind, Need.DEFAULTED, standard, false);
    }
}
