package io.trainyard.cli.screen;

import java.util.ArrayList;
import java.util.List;

/** Columns as wide as what they hold; on a terminal the last one is cut where the screen ends. */
public final class Table {
    private static final String GAP = "  ";

    private final List<List<Cell>> rows = new ArrayList<>();

    public Table(String... headings) {
        rows.add(java.util.Arrays.stream(headings).map(Cell::dim).toList());
    }

    private Table() {}

    public static Table withoutHeadings() {
        return new Table();
    }

    public Table row(Cell... cells) {
        rows.add(List.of(cells));
        return this;
    }

    public void show(Screen screen) {
        int columns = rows.stream().mapToInt(List::size).max().orElse(0);
        int[] widths = new int[columns];
        for (List<Cell> row : rows) {
            for (int i = 0; i < row.size(); i++)
                widths[i] = Math.max(widths[i], Glyphs.width(row.get(i).text()));
        }
        for (List<Cell> row : rows) screen.line(line(row, widths, screen));
    }

    private static String line(List<Cell> row, int[] widths, Screen screen) {
        var line = new StringBuilder();
        int used = 0;
        int last = row.size() - 1;
        while (last > 0 && row.get(last).text().isEmpty()) last--;
        for (int i = 0; i <= last; i++) {
            Cell cell = row.get(i);
            String text = screen.terminal() ? Glyphs.cut(cell.text(), Math.max(1, screen.width() - used)) : cell.text();
            line.append(screen.styled(text, cell.style()));
            if (i < last)
                line.append(" ".repeat(widths[i] - Math.min(widths[i], Glyphs.width(text))))
                        .append(GAP);
            used += widths[i] + GAP.length();
            if (screen.terminal() && used >= screen.width()) break;
        }
        return line.toString();
    }
}
