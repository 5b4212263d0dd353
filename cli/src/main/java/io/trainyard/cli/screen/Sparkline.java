package io.trainyard.cli.screen;

import java.util.List;

/** A curve in one line of text, lowest to highest value over eight levels. */
public final class Sparkline {
    private static final String LEVELS = "▁▂▃▄▅▆▇█";

    private Sparkline() {}

    /** Longer curves are averaged down to the width; values that are no number are left out. */
    public static String of(List<Double> values, int width) {
        double[] points = values.stream()
                .mapToDouble(Double::doubleValue)
                .filter(Double::isFinite)
                .toArray();
        if (points.length == 0 || width <= 0) return "";
        double[] columns = averaged(points, Math.min(width, points.length));
        double least = Double.POSITIVE_INFINITY;
        double most = Double.NEGATIVE_INFINITY;
        for (double column : columns) {
            least = Math.min(least, column);
            most = Math.max(most, column);
        }
        var line = new StringBuilder();
        for (double column : columns) {
            int level = most > least ? (int) Math.round((column - least) / (most - least) * 7) : 3;
            line.append(LEVELS.charAt(level));
        }
        return line.toString();
    }

    private static double[] averaged(double[] points, int width) {
        double[] columns = new double[width];
        for (int i = 0; i < width; i++) {
            int from = (int) ((long) i * points.length / width);
            int to = (int) ((long) (i + 1) * points.length / width);
            double sum = 0;
            for (int j = from; j < to; j++) sum += points[j];
            columns[i] = sum / (to - from);
        }
        return columns;
    }
}
