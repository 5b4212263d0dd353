package io.trainyard.cli.screen;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class DrawingTest {
    private final ByteArrayOutputStream written = new ByteArrayOutputStream();

    private Screen screen(boolean terminal, int width) {
        var out = new PrintStream(written, true, StandardCharsets.UTF_8);
        return new Screen(out, out, new Screen.Look(terminal, false, width));
    }

    private String text() {
        return written.toString(StandardCharsets.UTF_8);
    }

    @Test
    void a_bar_is_always_as_wide_as_asked_for() {
        for (double percent = -10; percent <= 110; percent += 0.25)
            assertEquals(10, Bar.of(percent, 10).length(), percent + " %");
        assertEquals("░░░░", Bar.of(0, 4));
        assertEquals("██▌░", Bar.of(62.5, 4));
        assertEquals("████", Bar.of(100, 4));
        assertEquals("░░░░", Bar.of(Double.NaN, 4));
    }

    @Test
    void a_curve_spans_all_levels_and_averages_what_does_not_fit() {
        assertEquals("▁▂▃▄▅▆▇█", Sparkline.of(List.of(1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0), 20));
        assertEquals("▁█", Sparkline.of(List.of(1.0, 1.0, 3.0, 3.0), 2));
        assertEquals("▄▄", Sparkline.of(List.of(2.0, 2.0), 9));
        assertEquals("▄", Sparkline.of(List.of(Double.NaN, 2.0, Double.POSITIVE_INFINITY), 9));
        assertEquals("", Sparkline.of(List.of(), 9));
    }

    @Test
    void a_table_on_a_terminal_never_wraps() {
        Table table = new Table("A", "B");
        table.row(Cell.plain("日本"), Cell.plain("a long reason that goes on and on"));
        table.row(Cell.plain("x"), Cell.plain("short"));
        table.show(screen(true, 20));
        assertEquals("A     B\n日本  a long reason…\nx     short\n", text());
    }

    @Test
    void in_a_pipe_nothing_is_cut() {
        new Table("A").row(Cell.plain("long".repeat(50))).show(screen(false, 20));
        assertTrue(text().contains("long".repeat(50)));
    }

    @Test
    void lines_go_above_the_foot_which_is_drawn_again() {
        Screen screen = screen(true, 12);
        screen.foot(List.of(Cell.plain("foot that is too long")));
        screen.line("above");
        screen.clearFoot();
        screen.line("last");
        String erase = "\r\u001b[2K";
        assertEquals(erase + "foot that …" + erase + "above\nfoot that …" + erase + "last\n", text());
    }

    @Test
    void after_the_last_remark_nothing_is_said_any_more() {
        Screen screen = screen(true, 80);
        screen.foot(List.of(Cell.plain("foot")));
        screen.close("Detached");
        screen.line("too late");
        assertTrue(text().endsWith("Detached\n"), text());
    }

    @Test
    void spans_show_their_two_largest_units() {
        assertEquals("0s", Written.span(Duration.ofSeconds(-5)));
        assertEquals("59s", Written.span(Duration.ofSeconds(59)));
        assertEquals("1m 0s", Written.span(Duration.ofSeconds(60)));
        assertEquals("2h 5m", Written.span(Duration.ofSeconds(7530)));
        assertEquals("3d 4h", Written.span(Duration.ofHours(76)));
    }

    @Test
    void numbers_show_four_digits_that_matter() {
        assertEquals("0", Written.number(0));
        assertEquals("1.235", Written.number(1.23456));
        assertEquals("0.01235", Written.number(0.0123456));
        assertEquals("123.5", Written.number(123.456));
        assertEquals("12346", Written.number(12345.6));
        assertEquals("5.00e-05", Written.number(5e-5));
        assertEquals("-2.500", Written.number(-2.5));
        assertEquals("NaN", Written.number(Double.NaN));
    }
}
