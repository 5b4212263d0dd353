package io.trainyard.cli.screen;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** How times, spans and numbers are written for people. */
public final class Written {
    private static final DateTimeFormatter CLOCK =
            DateTimeFormatter.ofPattern("HH:mm:ss", Locale.ROOT).withZone(ZoneId.systemDefault());
    private static final DateTimeFormatter DATE =
            DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss", Locale.ROOT).withZone(ZoneId.systemDefault());

    private static final String UNITS = "KMGTPE";

    private Written() {}

    public static String clock(Instant at) {
        return CLOCK.format(at);
    }

    public static String date(Instant at) {
        return DATE.format(at);
    }

    /** The two largest units, as in "2h 5m". */
    public static String span(Duration span) {
        long seconds = Math.max(0, span.toSeconds());
        if (seconds < 60) return seconds + "s";
        if (seconds < 3600) return seconds / 60 + "m " + seconds % 60 + "s";
        if (seconds < 86_400) return seconds / 3600 + "h " + seconds % 3600 / 60 + "m";
        return seconds / 86_400 + "d " + seconds % 86_400 / 3600 + "h";
    }

    /** Four significant digits, as a loss or a learning rate is read. */
    public static String number(double value) {
        if (value == 0 || !Double.isFinite(value)) return value == 0 ? "0" : String.valueOf(value);
        double size = Math.abs(value);
        if (size >= 1e6 || size < 1e-3) return String.format(Locale.ROOT, "%.3g", value);
        if (value == Math.rint(value)) return String.format(Locale.ROOT, "%.0f", value);
        int decimals = Math.clamp(3 - (long) Math.floor(Math.log10(size)), 0, 6);
        return String.format(Locale.ROOT, "%." + decimals + "f", value);
    }

    /** In the largest unit that leaves a whole number before the point: "1.5 MiB". */
    public static String bytes(long count) {
        if (count < 1024) return count + " B";
        double size = count;
        int unit = -1;
        for (; size >= 1024 && unit < UNITS.length() - 1; unit++) size /= 1024;
        return String.format(Locale.ROOT, "%.1f %ciB", size, UNITS.charAt(unit));
    }

    public static String percent(double value) {
        return String.format(Locale.ROOT, "%.0f%%", value);
    }
}
