package io.trainyard.cli.screen;

/** How wide text stands on a terminal, and how to shorten it to a width. */
final class Glyphs {
    private Glyphs() {}

    static int width(String text) {
        return text.codePoints().map(Glyphs::width).sum();
    }

    private static int width(int point) {
        int type = Character.getType(point);
        if (type == Character.NON_SPACING_MARK || type == Character.ENCLOSING_MARK || type == Character.FORMAT)
            return 0;
        boolean wide = (point >= 0x1100 && point <= 0x115f)
                || (point >= 0x2e80 && point <= 0xa4cf)
                || (point >= 0xac00 && point <= 0xd7a3)
                || (point >= 0xf900 && point <= 0xfaff)
                || (point >= 0xfe30 && point <= 0xfe6f)
                || (point >= 0xff00 && point <= 0xff60)
                || (point >= 0x1f300 && point <= 0x1faff)
                || (point >= 0x20000 && point <= 0x3fffd);
        return wide ? 2 : 1;
    }

    /** Cuts with an ellipsis where the text is wider. */
    static String cut(String text, int width) {
        if (width(text) <= width) return text;
        var kept = new StringBuilder();
        int used = 1;
        for (int point : text.codePoints().toArray()) {
            used += width(point);
            if (used > width) break;
            kept.appendCodePoint(point);
        }
        return width <= 0 ? "" : kept + "…";
    }

    /** What others named must not move our cursor or change our colours. */
    static String harmless(String text) {
        var kept = new StringBuilder(text.length());
        text.codePoints()
                .map(point -> Character.isISOControl(point) ? ' ' : point)
                .forEach(kept::appendCodePoint);
        return kept.toString();
    }
}
