package io.trainyard.backend.local;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.trainyard.backend.local.ProcessTable.Entry;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class LocalProcessTableTest {
    private static final String REST = " S 1 42 40 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 123456 1000 10\n";

    @Test
    void a_process_may_be_named_like_the_fields_after_its_name() {
        var expected = Optional.of(new Entry(42, 'S', 1, 40, 123456));
        assertEquals(expected, Entry.parse("42 (sh)" + REST));
        assertEquals(expected, Entry.parse("42 (a b) S 9 (9)" + REST));
        assertEquals(expected, Entry.parse("42 (x) S 1 1 1 (y) )" + REST));
        assertEquals(expected, Entry.parse("42 ()" + REST));
    }

    @Test
    void half_a_line_is_no_process() {
        assertEquals(Optional.empty(), Entry.parse(""));
        assertEquals(Optional.empty(), Entry.parse("42 (sh"));
        assertEquals(Optional.empty(), Entry.parse("42 (sh) S 1 42"));
    }
}
