package io.trainyard.backend.kubernetes;

import java.util.Locale;

/** The names that rendered Jobs have. */
final class JobName {
    /** The cluster writes a Job's name into a label of its pods, and a label's value ends here. */
    private static final int MAX_CHARACTERS = 63;

    private static final String NAMELESS = "training-job";

    private JobName() {}

    static String of(String wish) {
        return cut(wish.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9-]", "-"), MAX_CHARACTERS);
    }

    private static String cut(String name, int characters) {
        String trimmed = name.replaceAll("^-+", "");
        String shortened =
                trimmed.substring(0, Math.min(characters, trimmed.length())).replaceAll("-+$", "");
        return shortened.isEmpty() ? NAMELESS : shortened;
    }
}
