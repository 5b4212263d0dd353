package io.trainyard.job;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class ReasonTest {
    private static final Reason NO_ROOM = new Reason(Reason.Kind.NO_CAPACITY, "0/12 nodes are available");

    @Test
    void numbers_change_at_every_look_and_do_not_make_another_reason() {
        assertTrue(NO_ROOM.sameAs(new Reason(Reason.Kind.NO_CAPACITY, "3/14 nodes are available")));
    }

    @Test
    void another_kind_or_another_sentence_does() {
        assertFalse(NO_ROOM.sameAs(new Reason(Reason.Kind.QUOTA, "0/12 nodes are available")));
        assertFalse(NO_ROOM.sameAs(new Reason(Reason.Kind.NO_CAPACITY, "0/12 nodes are tainted")));
    }
}
