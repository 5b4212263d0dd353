package io.trainyard.contract.vision;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Where a job runs, in this contract's words. */
public enum Executor {
    SUBPROCESS,
    KUBERNETES;

    static final List<String> WORDS = List.of("subprocess", "kubernetes");

    String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    public static Optional<Executor> named(String word) {
        return switch (word) {
            case "subprocess" -> Optional.of(SUBPROCESS);
            case "kubernetes" -> Optional.of(KUBERNETES);
            default -> Optional.empty();
        };
    }
}
