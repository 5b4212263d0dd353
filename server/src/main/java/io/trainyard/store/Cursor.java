package io.trainyard.store;

/** The arrival of the last job shown, in a form that nobody is tempted to count with. */
final class Cursor {
    private static final int RADIX = 36;

    private Cursor() {}

    static String write(long arrival) {
        return "c" + Long.toString(arrival, RADIX);
    }

    static long read(String cursor) {
        try {
            if (cursor.startsWith("c")) return Long.parseLong(cursor.substring(1), RADIX);
        } catch (NumberFormatException _) {
            // said below
        }
        throw new IllegalArgumentException("not a cursor: " + cursor);
    }
}
