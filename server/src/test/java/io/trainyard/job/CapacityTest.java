package io.trainyard.job;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.trainyard.job.Queue.Demand;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class CapacityTest {
    private static final long GIB = 1L << 30;

    @Test
    void what_is_given_is_no_longer_there() {
        var machine = new Capacity(List.of(0, 1), 8, 16 * GIB, 2);
        Grant grant = machine.grant(new Demand(1, 3, 4 * GIB)).orElseThrow();
        assertEquals(new Grant(List.of(0), 3, 4 * GIB), grant);
        assertEquals(new Capacity(List.of(1), 5, 12 * GIB, 1), machine.minus(grant));
    }

    @Test
    void a_demand_fits_as_a_whole_or_not_at_all() {
        var machine = new Capacity(List.of(0, 1), 8, 16 * GIB, 1);
        assertEquals(Optional.empty(), machine.grant(new Demand(3, 1, GIB)));
        assertEquals(Optional.empty(), machine.grant(new Demand(1, 9, GIB)));
        assertEquals(Optional.empty(), machine.grant(new Demand(1, 1, 17 * GIB)));
        assertEquals(Optional.empty(), new Capacity(List.of(0), 8, GIB, 0).grant(new Demand(0, 1, 1)));
    }

    @Test
    void a_backend_that_places_for_itself_gives_nothing_away_but_slots() {
        var cluster = new Capacity(List.of(), Integer.MAX_VALUE, Long.MAX_VALUE, 1);
        Grant grant = cluster.grant(new Demand(64, 512, 4096 * GIB)).orElseThrow();
        assertEquals(Grant.NOTHING, grant);
        assertEquals(Optional.empty(), cluster.minus(grant).grant(new Demand(0, 0, 0)));
        assertEquals(Capacity.UNLIMITED, Capacity.UNLIMITED.minus(Grant.NOTHING));
    }

    @Test
    void the_sentence_names_all_that_is_missing() {
        var machine = new Capacity(List.of(0), 4, 8 * GIB, 0);
        assertEquals(
                "waiting for a free slot and 2 GPUs (1 free) and 6 CPUs (4 free) and 9 GiB of memory (8 free)",
                machine.missing(new Demand(2, 6, 9 * GIB)).sentence());
    }

    @Test
    void more_given_than_there_is_now_reads_as_nothing_free() {
        var shrunk = new Capacity(List.of(), 2, GIB, 5).minus(new Grant(List.of(0), 4, 2 * GIB));
        assertEquals(
                "waiting for 1 CPUs (0 free) and 1 GiB of memory (0 free)",
                shrunk.missing(new Demand(0, 1, GIB)).sentence());
    }
}
