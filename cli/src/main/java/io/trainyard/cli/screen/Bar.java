package io.trainyard.cli.screen;

/** A bar of progress, exact to an eighth of a character. */
public final class Bar {
    private static final String PARTS = " ▏▎▍▌▋▊▉";

    private Bar() {}

    public static String of(double percent, int width) {
        double within = Double.isNaN(percent) ? 0 : Math.clamp(percent, 0, 100);
        int eighths = (int) Math.floor(within / 100 * width * 8);
        int whole = eighths / 8;
        var bar = new StringBuilder("█".repeat(whole));
        if (eighths % 8 > 0) bar.append(PARTS.charAt(eighths % 8));
        return bar.append("░".repeat(width - bar.length())).toString();
    }
}
