package io.trainyard.cli.screen;

/** Text with one style; control characters in it are blanked. */
public record Cell(String text, Style style) {
    public Cell {
        text = Glyphs.harmless(text);
    }

    public static Cell plain(String text) {
        return new Cell(text, Style.PLAIN);
    }

    public static Cell dim(String text) {
        return new Cell(text, Style.DIM);
    }
}
