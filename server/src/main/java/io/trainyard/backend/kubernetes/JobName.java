package io.trainyard.backend.kubernetes;

import java.util.Locale;

/** Names that a Job and its pods may have. */
final class JobName {
    /** The cluster writes a Job's name into a label of its pods, and a label's value ends here. */
    private static final int MAX_CHARACTERS = 63;

    private static final String SECRETS = "-secrets";
    private static final String NAMELESS = "training-job";

    private JobName() {}

    static String of(String wish) {
        return cut(wish.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9-]", "-"), MAX_CHARACTERS);
    }

    /** The Secret that holds a Job's secret variables, each under its own name. */
    static String secretOf(String job) {
        return cut(job, MAX_CHARACTERS - SECRETS.length()) + SECRETS;
    }

    private static String cut(String name, int characters) {
        String trimmed = name.replaceAll("^-+", "");
        String shortened =
                trimmed.substring(0, Math.min(characters, trimmed.length())).replaceAll("-+$", "");
        return shortened.isEmpty() ? NAMELESS : shortened;
    }
}
