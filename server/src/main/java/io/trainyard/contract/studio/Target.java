package io.trainyard.contract.studio;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/** Where this contract lets jobs run, in its own words and order. */
public enum Target {
    KUBERNETES,
    VERTEX,
    LOCAL;

    public static final String WORDS = Arrays.stream(values()).map(Target::word).collect(Collectors.joining(", "));

    /** In any case. */
    public static Optional<Target> named(String word) {
        return Arrays.stream(values())
                .filter(target -> target.word().equals(word.toLowerCase(Locale.ROOT)))
                .findFirst();
    }

    /** Also the name of the backend. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
