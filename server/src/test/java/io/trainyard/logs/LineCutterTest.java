package io.trainyard.logs;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.secrets.Mask;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class LineCutterTest {
    private static final String SECRET = "hf_sécret";
    private static final Mask MASK = Mask.of(List.of(SECRET));
    private static final int MAX = LineCutter.MAX_LINE_BYTES;

    @Test
    void wherever_reads_are_cut_the_lines_are_the_same() {
        byte[] text = ("größe 1\r\n\ntoken=" + SECRET + "; ok\n火車 🚂\nno end").getBytes(UTF_8);
        var wanted = List.of("größe 1", "", "token=" + Mask.STARS + "; ok", "火車 🚂", "no end");
        for (int first = 0; first <= text.length; first++)
            for (int second = first; second <= text.length; second++) {
                var cutter = new LineCutter(MASK, 0);
                assertEquals(wanted, lines(cutter, text, first, second), first + ", " + second);
                assertEquals(text.length, cutter.position());
            }
    }

    @Test
    void a_crash_anywhere_loses_and_doubles_no_line() {
        byte[] text = ("one\ntwo " + SECRET + "\r\nthree\n").getBytes(UTF_8);
        for (int crash = 0; crash <= text.length; crash++) {
            var before = new LineCutter(MASK, 0);
            var lines = new ArrayList<>(before.add(Arrays.copyOf(text, crash)));
            var after = new LineCutter(MASK, before.position());
            lines.addAll(after.add(Arrays.copyOfRange(text, (int) after.readPosition(), text.length)));
            lines.addAll(after.end());
            assertEquals(List.of("one", "two " + Mask.STARS, "three"), lines, "crash at " + crash);
        }
    }

    @Test
    void a_line_without_end_comes_in_pieces_that_cut_no_character_and_no_secret() {
        for (long seed = 0; seed < 30; seed++) {
            var random = new SplittableRandom(seed);
            var text = new StringBuilder();
            while (text.length() < 4 * MAX)
                text.append(
                        switch (random.nextInt(200)) {
                            case 0 -> SECRET;
                            case 1 -> "🚂";
                            case 2 -> "é";
                            default -> "some more words ";
                        });
            byte[] bytes =
                    text.append(random.nextBoolean() ? "\n" : "").toString().getBytes(UTF_8);
            var whole = lines(new LineCutter(MASK, 0), bytes, bytes.length, bytes.length);
            assertEquals(
                    MASK.apply(text.toString().strip()), String.join("", whole).strip(), "seed " + seed);
            assertTrue(whole.stream().allMatch(line -> line.getBytes(UTF_8).length <= 2 * MAX), "seed " + seed);
            assertTrue(whole.size() >= 4, "seed " + seed);
            int first = random.nextInt(bytes.length);
            int second = random.nextInt(first, bytes.length);
            assertEquals(whole, lines(new LineCutter(MASK, 0), bytes, first, second), "seed " + seed);
        }
    }

    @Test
    void a_secret_across_the_cut_of_a_long_line_never_shows() {
        for (int before = MAX - 20; before <= MAX + 5; before++) {
            byte[] text = ("x".repeat(before) + SECRET + "y".repeat(10_000)).getBytes(UTF_8);
            var lines = lines(new LineCutter(MASK, 0), text, text.length, text.length);
            assertFalse(String.join("", lines).contains("cret"), "at " + before);
            assertFalse(String.join("", lines).contains("hf_"), "at " + before);
        }
    }

    @Test
    void what_is_no_text_passes_and_is_counted_byte_by_byte() {
        for (int value : new int[] {0x80, 0xBF, 0xFF, 0xC3, 0xF0, 0x00}) {
            byte[] bytes = new byte[3 * MAX];
            Arrays.fill(bytes, (byte) value);
            var cutter = new LineCutter(MASK, 7);
            assertFalse(cutter.add(bytes).isEmpty());
            assertEquals(7 + bytes.length, cutter.readPosition());
            cutter.end();
            assertEquals(7 + bytes.length, cutter.position());
        }
    }

    private static List<String> lines(LineCutter cutter, byte[] text, int first, int second) {
        var lines = new ArrayList<String>();
        lines.addAll(cutter.add(Arrays.copyOfRange(text, 0, first)));
        lines.addAll(cutter.add(Arrays.copyOfRange(text, first, second)));
        lines.addAll(cutter.add(Arrays.copyOfRange(text, second, text.length)));
        assertEquals(text.length, cutter.readPosition());
        lines.addAll(cutter.end());
        return lines;
    }
}
