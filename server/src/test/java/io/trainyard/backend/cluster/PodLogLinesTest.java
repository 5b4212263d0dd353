package io.trainyard.backend.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What stands in the file is what was printed, however often a log is cut, rotated and taken up again. */
class PodLogLinesTest {
    private static final Instant NOON = Instant.parse("2026-01-01T12:00:00Z");

    @TempDir
    Path home;

    /** A node, which shows its newest file from the asked second on, each line behind its time. */
    private static final class Node {
        record Line(Instant at, String text) {}

        private final List<Line> file = new ArrayList<>();
        private final StringBuilder printed = new StringBuilder();
        private Instant now = NOON;

        void print(Duration later, String text) {
            now = now.plus(later);
            file.add(new Line(now, text));
            printed.append(text).append('\n');
        }

        void rotate() {
            file.clear();
            // No two lines of two files have the same time.
            now = now.plusNanos(1);
        }

        byte[] shown(PodLogFile log) {
            var shown = new ByteArrayOutputStream();
            for (Line line : file)
                if (log.since().map(line.at()::isBefore).orElse(false).equals(false))
                    shown.writeBytes((line.at() + " " + line.text() + "\n").getBytes(StandardCharsets.UTF_8));
            return shown.toByteArray();
        }
    }

    /** As one stream that is cut after so many bytes. */
    private static void read(PodLogFile log, byte[] shown, int length) {
        var lines = new PodLogLines(log);
        lines.take(shown, length);
        lines.keep();
    }

    private static String kept(PodLogFile log) {
        return new String(log.read(0, 1 << 20), StandardCharsets.UTF_8);
    }

    private PodLogFile open(String name) {
        PodLogFile log = PodLogFile.open(home.resolve(name));
        log.begin("pod");
        return log;
    }

    @Test
    void a_line_that_was_cut_in_its_middle_and_rotated_away_takes_nothing_of_the_next_one() {
        var node = new Node();
        node.print(Duration.ofMillis(1), "one");
        node.print(Duration.ofMillis(1), "a long line");
        PodLogFile log = open("rank");
        byte[] shown = node.shown(log);
        read(log, shown, shown.length - " line\n".length());
        node.rotate();
        node.print(Duration.ofMillis(1), "three");
        shown = node.shown(log);
        read(log, shown, shown.length);
        assertEquals("one\na long\nthree\n", kept(log));
    }

    @Test
    void what_a_new_file_begins_with_is_not_taken_for_what_is_known_of_its_second() {
        var node = new Node();
        for (String line : List.of("one", "two")) node.print(Duration.ofMillis(1), line);
        PodLogFile log = open("rank");
        byte[] shown = node.shown(log);
        read(log, shown, shown.length);
        node.rotate();
        for (String line : List.of("three", "four", "five")) node.print(Duration.ofMillis(1), line);
        shown = node.shown(log);
        read(log, shown, shown.length);
        assertEquals("one\ntwo\nthree\nfour\nfive\n", kept(log));
    }

    @Test
    void in_hundreds_of_worlds_no_line_is_lost_that_the_node_still_has_and_none_comes_twice() {
        for (int seed = 0; seed < 300; seed++) {
            var random = new SplittableRandom(seed);
            var node = new Node();
            PodLogFile log = open("rank-" + seed);
            for (int turn = 0; turn < 12; turn++) {
                for (int line = random.nextInt(4); line > 0; line--) {
                    // Several at the same time, in the same second, and in another one.
                    int[] later = {0, 1, 300_000_000, 1_000_000_000};
                    node.print(
                            Duration.ofNanos(later[random.nextInt(later.length)]),
                            "line größer " + "x".repeat(random.nextInt(3)) + turn);
                }
                byte[] shown = node.shown(log);
                boolean cut = random.nextInt(2) == 0;
                read(log, shown, cut ? random.nextInt(shown.length + 1) : shown.length);
                // Only what was read in whole is rotated away: what nobody can read is lost.
                if (!cut && random.nextInt(3) == 0) node.rotate();
                if (random.nextInt(4) == 0) log = open("rank-" + seed);
            }
            byte[] shown = node.shown(log);
            read(log, shown, shown.length);
            assertEquals(node.printed.toString(), kept(log), "seed " + seed);
        }
    }
}
