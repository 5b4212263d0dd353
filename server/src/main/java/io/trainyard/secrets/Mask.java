package io.trainyard.secrets;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;

/**
 * Replaces secret values in text. Works on whole lines: whoever reads output in pieces puts the lines together first,
 * so that a secret split across two reads is still met. A secret of several lines is masked line by line.
 */
public final class Mask {
    public static final String STARS = "********";
    /** Shorter values would blot out ordinary text, and are no secrets. */
    static final int MIN_LENGTH = 4;

    private final List<String> values;

    private Mask(List<String> values) {
        this.values = values;
    }

    public static Mask of(Collection<String> secrets) {
        var parts = new LinkedHashSet<String>();
        for (String secret : secrets) {
            secret.lines()
                    .map(String::strip)
                    .filter(line -> line.length() >= MIN_LENGTH)
                    .forEach(parts::add);
        }
        var longestFirst = new ArrayList<>(parts);
        longestFirst.sort(Comparator.comparingInt(String::length).reversed());
        return new Mask(List.copyOf(longestFirst));
    }

    public String apply(String line) {
        String masked = line;
        for (String value : values) masked = masked.replace(value, STARS);
        return masked;
    }

    /** Where to cut the text at or before this index, so that no secret is cut in two; never 0. */
    public int cutBefore(String text, int index) {
        int cut = index;
        for (String value : values) {
            int at = text.indexOf(value, Math.max(0, index - value.length() + 1));
            if (at > 0 && at < cut) cut = at;
        }
        return cut;
    }
}
