package io.trainyard.spec;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Free-form settings: a JSON object as immutable plain values (text, number, boolean, null, list, map). */
public record Settings(Map<String, @Nullable Object> values) {
    public static final Settings NONE = new Settings(Map.of());

    public Settings {
        values = object(values);
    }

    private static Map<String, @Nullable Object> object(Map<?, ?> source) {
        var copy = new LinkedHashMap<String, @Nullable Object>();
        source.forEach((key, value) -> copy.put(String.valueOf(key), plain(value)));
        return Collections.unmodifiableMap(copy);
    }

    private static @Nullable Object plain(@Nullable Object value) {
        return switch (value) {
            case null -> null;
            case String text -> text;
            case Boolean flag -> flag;
            case Number number -> number;
            case Map<?, ?> map -> object(map);
            case List<?> list -> {
                var copy = new ArrayList<@Nullable Object>(list.size());
                for (Object item : list) copy.add(plain(item));
                yield Collections.unmodifiableList(copy);
            }
            default -> throw new IllegalArgumentException("not a JSON value: " + value.getClass());
        };
    }
}
