package io.trainyard.backend.simulated;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.backend.simulated.Script.Phase;
import io.trainyard.job.Cause;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ScriptTest {
    @Test
    void every_word_is_understood() {
        assertEquals(
                List.of(
                        new Phase.Wait(Duration.ofMillis(500)),
                        new Phase.Run(Duration.ofSeconds(5)),
                        new Phase.Unreachable(Duration.ofMinutes(2)),
                        new Phase.Stall(),
                        new Phase.Vanish(),
                        new Phase.Refuse(),
                        new Phase.Fail(Cause.NODE_LOST),
                        new Phase.Fail(Cause.EXIT_CODE),
                        new Phase.Succeed()),
                Script.parse(
                                "wait 500ms, run 5s,unreachable 2m, stall, vanish, refuse, fail node_lost, fail, succeed",
                                1)
                        .phases());
    }

    @Test
    void attempts_have_parts_of_their_own_and_the_last_serves_all_later_ones() {
        String text = "fail node_lost | stall | succeed";
        assertEquals(List.of(new Phase.Stall()), Script.parse(text, 2).phases());
        assertEquals(List.of(new Phase.Succeed()), Script.parse(text, 7).phases());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "jump", "run", "run 5", "run fast", "run -5s", "fail loudly", "run 5s,,succeed"})
    void what_is_not_understood_is_named(String text) {
        var refused = assertThrows(IllegalArgumentException.class, () -> Script.parse(text, 1));
        assertTrue(String.valueOf(refused.getMessage()).startsWith("\""), refused::getMessage);
    }
}
