package io.trainyard.access;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.access.Tokens.Verdict;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TokensTest {
    private final Tokens tokens = new Tokens(Optional.of("s3cret-tökén"));

    @Test
    void without_a_token_everybody_may() {
        for (var open : new Tokens[] {new Tokens(Optional.empty()), new Tokens(Optional.of(""))}) {
            assertFalse(open.required());
            assertEquals(Verdict.ALLOWED, open.check(null, null));
            assertEquals(Verdict.ALLOWED, open.check("anything", "Bearer anything"));
        }
    }

    @Test
    void either_header_will_do() {
        assertTrue(tokens.required());
        assertEquals(Verdict.ALLOWED, tokens.check("s3cret-tökén", null));
        assertEquals(Verdict.ALLOWED, tokens.check("", "Bearer s3cret-tökén"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"Bearer s3cret-tökén", "bearer s3cret-tökén", "BEARER   s3cret-tökén "})
    void the_word_bearer_is_understood_in_any_case(String authorization) {
        assertEquals(Verdict.ALLOWED, tokens.check(null, authorization));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "Bearer", "Bearer ", "Basic czNjcmV0", "s3cret-tökén"})
    void no_token_is_missing_and_not_wrong(String authorization) {
        assertEquals(Verdict.MISSING, tokens.check(null, authorization));
    }

    @ParameterizedTest
    @ValueSource(strings = {"s3cret-töké", "s3cret-tökénn", "S3CRET-TÖKÉN", "x"})
    void anything_but_the_token_is_wrong(String shown) {
        assertEquals(Verdict.WRONG, tokens.check(shown, null));
        assertEquals(Verdict.WRONG, tokens.check(null, "Bearer " + shown));
        assertEquals(Verdict.WRONG, tokens.check(shown, "Bearer s3cret-tökén"));
    }
}
