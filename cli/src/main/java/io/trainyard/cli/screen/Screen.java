package io.trainyard.cli.screen;

import java.io.PrintStream;
import java.util.List;

/**
 * Where we write. What was asked for goes to standard output, remarks about it to standard error. At the foot of a
 * terminal stands at most one line that changes; in a pipe there is none, and no colours.
 */
public final class Screen {
    private static final String ERASE_LINE = "\r\u001b[2K";

    private final PrintStream out;
    private final PrintStream err;
    private final Look look;
    private String foot = "";
    private boolean closed;

    /**
     * @param terminal whether standard output is one
     * @param colour whether styles are shown
     * @param width columns of the terminal
     */
    public record Look(boolean terminal, boolean colour, int width) {}

    public Screen(PrintStream out, PrintStream err, Look look) {
        this.out = out;
        this.err = err;
        this.look = look;
    }

    public boolean terminal() {
        return look.terminal();
    }

    public int width() {
        return look.width();
    }

    public String styled(String text, Style style) {
        return look.colour() ? style.over(text) : text;
    }

    public synchronized void line(String text) {
        if (closed) return;
        out.print((foot.isEmpty() ? "" : ERASE_LINE) + text + "\n" + foot);
        out.flush();
    }

    public void line(Cell... cells) {
        line(joined(List.of(cells), Integer.MAX_VALUE));
    }

    /** To standard error: what is said about the answer, not the answer. */
    public synchronized void remark(String text) {
        if (closed) return;
        clearFoot();
        err.println(text);
        err.flush();
    }

    public synchronized void remark(Cell cell) {
        // Standard error may be a terminal where output is a pipe; it then stays plain, which is never wrong.
        remark(styled(cell.text(), cell.style()));
    }

    /** Draws the line at the foot anew, cut to the terminal; does nothing in a pipe. */
    public synchronized void foot(List<Cell> cells) {
        if (closed || !look.terminal()) return;
        foot = joined(cells, look.width() - 1);
        out.print(ERASE_LINE + foot);
        out.flush();
    }

    public synchronized void clearFoot() {
        if (!foot.isEmpty()) out.print(ERASE_LINE);
        out.flush();
        foot = "";
    }

    /** Says one last remark; whatever another thread still writes is dropped. */
    public synchronized void close(String lastRemark) {
        clearFoot();
        remark(lastRemark);
        closed = true;
    }

    /** Whether the reader of a pipe has gone, as {@code | head} does. */
    public boolean unread() {
        return out.checkError();
    }

    private String joined(List<Cell> cells, int width) {
        var line = new StringBuilder();
        int left = width;
        for (Cell cell : cells) {
            String text = Glyphs.cut(cell.text(), left);
            left -= Glyphs.width(text);
            line.append(styled(text, cell.style()));
            if (left <= 0) break;
        }
        return line.toString();
    }
}
