package io.trainyard.job;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.job.Queue.Blocked;
import io.trainyard.job.Queue.Candidate;
import io.trainyard.job.Queue.Demand;
import io.trainyard.job.Queue.Picked;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class QueueTest {
    private static final long GIB = 1L << 30;
    private static final Capacity MACHINE = new Capacity(List.of(0, 1, 2, 3), 8, 64 * GIB, Integer.MAX_VALUE);

    @Test
    void slots_go_out_in_order_and_no_gpu_twice() {
        var picks = Queue.pick(List.of(wants("a", 2, 2), wants("b", 1, 2), wants("c", 1, 4)), MACHINE, 10);
        assertEquals(
                List.of(List.of(0, 1), List.of(2), List.of(3)),
                picks.granted().stream().map(picked -> picked.grant().gpus()).toList());
        assertEquals(Optional.empty(), picks.blocked());
    }

    @Test
    void nobody_overtakes_the_first_who_does_not_fit() {
        var picks = Queue.pick(List.of(wants("a", 2, 1), wants("large", 4, 1), wants("small", 0, 1)), MACHINE, 10);
        assertEquals(List.of(id("a")), picks.granted().stream().map(Picked::job).toList());
        assertEquals(id("large"), picks.blocked().map(Blocked::job).orElseThrow());
    }

    @Test
    void who_waits_is_told_why_in_a_sentence() {
        var picks = Queue.pick(List.of(wants("a", 3, 7), wants("b", 2, 2)), MACHINE, 10);
        assertEquals(
                new Reason(Reason.Kind.SLOT, "waiting for 2 GPUs (1 free) and 2 CPUs (1 free)"),
                picks.blocked().map(Blocked::reason).orElseThrow());
    }

    @Test
    void no_more_start_in_one_go_than_asked_for_and_that_blocks_nobody() {
        var picks = Queue.pick(List.of(wants("a", 0, 1), wants("b", 0, 1), wants("c", 9, 1)), MACHINE, 2);
        assertEquals(2, picks.granted().size());
        assertEquals(Optional.empty(), picks.blocked());
    }

    @Test
    void whatever_waits_no_more_is_given_than_there_is() {
        for (long seed = 0; seed < 2_000; seed++) {
            var random = new SplittableRandom(seed);
            var waiting = new ArrayList<Candidate>();
            for (int i = 0; i < 12; i++)
                waiting.add(new Candidate(
                        id("j" + i), new Demand(random.nextInt(5), random.nextInt(1, 5), random.nextInt(1, 30) * GIB)));
            var machine = new Capacity(List.of(0, 1, 2, 3, 6, 7), 12, 64 * GIB, random.nextInt(1, 6));
            var picks = Queue.pick(waiting, machine, 10);
            var gpus = new HashSet<Integer>();
            int cpus = 0;
            long memory = 0;
            for (Picked picked : picks.granted()) {
                for (int gpu : picked.grant().gpus())
                    assertTrue(gpus.add(gpu) && machine.gpus().contains(gpu), "seed " + seed);
                cpus += picked.grant().cpus();
                memory += picked.grant().memoryBytes();
            }
            assertTrue(cpus <= 12 && memory <= 64 * GIB && picks.granted().size() <= machine.slots(), "seed " + seed);
            var order = waiting.stream().map(Candidate::job).toList();
            assertEquals(
                    order.subList(0, picks.granted().size()),
                    picks.granted().stream().map(Picked::job).toList(),
                    "seed " + seed);
        }
    }

    private static Candidate wants(String name, int gpus, int cpus) {
        return new Candidate(id(name), new Demand(gpus, cpus, GIB));
    }

    private static JobId id(String name) {
        return new JobId(JobId.PREFIX + name);
    }
}
