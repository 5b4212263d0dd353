package io.trainyard.secrets;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
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

    /** Where values overlap, all of their characters go: what is left of one would give it away. */
    public String apply(String line) {
        if (values.isEmpty()) return line;
        var hidden = new BitSet();
        for (String value : values)
            for (int at = line.indexOf(value); at >= 0; at = line.indexOf(value, at + 1))
                hidden.set(at, at + value.length());
        if (hidden.isEmpty()) return line;
        var masked = new StringBuilder();
        int shown = 0;
        for (int from = hidden.nextSetBit(0); from >= 0; from = hidden.nextSetBit(shown)) {
            masked.append(line, shown, from).append(STARS);
            shown = hidden.nextClearBit(from);
        }
        return masked.append(line, shown, line.length()).toString();
    }

    /** Where to cut UTF-8 text at or before this index, so that no secret is cut in two; never 0. */
    public int cutBefore(byte[] text, int index) {
        int cut = index;
        for (boolean moved = true; moved; ) {
            moved = false;
            for (String value : values) {
                byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
                for (int at = Math.max(1, cut - bytes.length + 1); at < cut; at++)
                    if (begins(text, at, bytes)) {
                        cut = at;
                        moved = true;
                    }
            }
        }
        return cut;
    }

    private static boolean begins(byte[] text, int at, byte[] value) {
        int length = Math.min(value.length, text.length - at);
        return Arrays.equals(text, at, at + length, value, 0, length);
    }
}
