package io.trainyard.backend.cluster;

import static java.time.Duration.ZERO;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class NodesTest {
    private Instant now = Instant.EPOCH;
    private final Nodes nodes = new Nodes(() -> now);

    @Test
    void a_node_that_was_never_in_trouble_is_asked_by_all() {
        assertEquals(ZERO, nodes.turn("a"));
        assertEquals(ZERO, nodes.turn("a"));
    }

    @Test
    void a_node_that_cannot_rests_and_then_one_may_ask_for_all() {
        nodes.cannot("a");
        nodes.cannot("a");
        assertEquals(Duration.ofSeconds(10), nodes.turn("a"));
        assertEquals(ZERO, nodes.turn("b"));
        now = now.plusSeconds(10);
        assertEquals(ZERO, nodes.turn("a"));
        assertEquals(Duration.ofSeconds(20), nodes.turn("a"));
        nodes.works("a");
        assertEquals(ZERO, nodes.turn("a"));
        assertEquals(ZERO, nodes.turn("a"));
    }

    @Test
    void its_pauses_grow_to_two_minutes_and_begin_anew_once_it_worked() {
        nodes.cannot("a");
        for (int seconds : new int[] {20, 40, 80, 120, 120}) {
            now = now.plus(nodes.turn("a"));
            assertEquals(ZERO, nodes.turn("a"));
            nodes.cannot("a");
            nodes.cannot("a");
            assertEquals(Duration.ofSeconds(seconds), nodes.turn("a"));
        }
        nodes.works("a");
        nodes.cannot("a");
        assertEquals(Duration.ofSeconds(10), nodes.turn("a"));
    }

    @Test
    void one_that_was_let_through_and_never_tells_holds_nobody_up_for_long() {
        nodes.cannot("a");
        now = now.plusSeconds(10);
        assertEquals(ZERO, nodes.turn("a"));
        now = now.plusSeconds(20);
        assertEquals(ZERO, nodes.turn("a"));
    }
}
