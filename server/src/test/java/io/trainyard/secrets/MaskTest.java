package io.trainyard.secrets;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.List;
import org.junit.jupiter.api.Test;

class MaskTest {
    private static final String STARS = Mask.STARS;

    @Test
    void every_occurrence_goes() {
        assertEquals(STARS + " and " + STARS + ".", Mask.of(List.of("hf_abc")).apply("hf_abc and hf_abc."));
    }

    @Test
    void a_secret_within_a_longer_one_does_not_spoil_the_longer_one() {
        assertEquals(STARS, Mask.of(List.of("abcd", "abcdefgh")).apply("abcdefgh"));
    }

    @Test
    void where_secrets_overlap_nothing_of_either_is_left() {
        var mask = Mask.of(List.of("abcdXYZ", "SECRETabcd"));
        assertEquals("<" + STARS + ">", mask.apply("<SECRETabcdXYZ>"));
        assertEquals(STARS, Mask.of(List.of("aaaa")).apply("aaaaaa"));
    }

    @Test
    void a_secret_of_several_lines_is_met_line_by_line() {
        var mask = Mask.of(List.of("-----BEGIN KEY-----\n  MIIEvQIBADAN\nab\n"));
        assertEquals("key: " + STARS, mask.apply("key: MIIEvQIBADAN"));
        assertEquals(STARS, mask.apply("-----BEGIN KEY-----"));
    }

    @Test
    void values_too_short_to_be_secrets_do_not_blot_out_the_text() {
        assertEquals("abc 123", Mask.of(List.of("abc", "", "1")).apply("abc 123"));
    }

    @Test
    void a_cut_never_goes_through_a_secret() {
        var mask = Mask.of(List.of("pässword", "wordsmith"));
        byte[] text = "0123 pässwordsmith 4567".getBytes(UTF_8);
        String plain = new String(text, UTF_8);
        for (int index = 1; index < text.length; index++) {
            int cut = mask.cutBefore(text, index);
            String both = new String(text, 0, cut, UTF_8) + new String(text, cut, text.length - cut, UTF_8);
            String shown = mask.apply(new String(text, 0, cut, UTF_8))
                    + mask.apply(new String(text, cut, text.length - cut, UTF_8));
            assertEquals(cut == index, index <= 5 || index >= 19, "at " + index);
            if (both.equals(plain)) assertFalse(shown.contains("ord") || shown.contains("pä"), "at " + index);
        }
    }

    @Test
    void a_secret_that_reaches_past_what_was_read_is_not_cut_either() {
        assertEquals(3, Mask.of(List.of("hf_abcdefgh")).cutBefore("x: hf_abcd".getBytes(UTF_8), 6));
    }
}
