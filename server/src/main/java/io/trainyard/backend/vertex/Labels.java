package io.trainyard.backend.vertex;

import io.trainyard.job.Attempt;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** Labels as Google Cloud takes them: lower case letters, digits, {@code _} and {@code -}, at most 63 of them. */
final class Labels {
    static final String JOB = "trainyard_job";
    static final String ATTEMPT = "trainyard_attempt";
    private static final int MAX_CHARACTERS = 63;
    private static final int MAX_LABELS = 64;

    private Labels() {}

    /** What an attempt is found by. */
    static Map<String, String> of(Attempt attempt) {
        return Map.of(JOB, value(attempt.job().value()), ATTEMPT, attemptValue(attempt));
    }

    static String attemptValue(Attempt attempt) {
        return value(attempt.job().value() + "-" + attempt.number());
    }

    /**
     * A job's own labels, as far as they can be written.
     *
     * @param changed takes the names of those that are written differently or not at all
     */
    static Map<String, String> written(Map<String, String> labels, List<String> changed) {
        var written = new TreeMap<String, String>();
        for (var label : new TreeMap<>(labels).entrySet()) {
            String key = key(label.getKey());
            String value = value(label.getValue());
            boolean fits = !key.isEmpty()
                    && !written.containsKey(key)
                    && !key.equals(JOB)
                    && !key.equals(ATTEMPT)
                    && written.size() < MAX_LABELS - 2;
            if (fits) written.put(key, value);
            if (!fits || !key.equals(label.getKey()) || !value.equals(label.getValue())) changed.add(label.getKey());
        }
        return written;
    }

    private static String key(String text) {
        return cut(sanitised(text).replaceAll("^[^a-z]+", ""));
    }

    private static String value(String text) {
        return cut(sanitised(text));
    }

    private static String sanitised(String text) {
        return text.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9_-]", "-");
    }

    private static String cut(String text) {
        return text.substring(0, Math.min(MAX_CHARACTERS, text.length()));
    }

    /** The filter of a list that matches one attempt. */
    static String filter(Attempt attempt) {
        return "labels.%s=\"%s\"".formatted(ATTEMPT, attemptValue(attempt));
    }

    /** The filter of a list that matches every attempt that has not ended. */
    static String liveFilter() {
        var parts = new ArrayList<String>();
        parts.add("labels." + ATTEMPT + ":*");
        for (String ended : States.ENDED) parts.add("state!=\"" + ended + "\"");
        return String.join(" AND ", parts);
    }
}
