package io.trainyard.reconciler;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.trainyard.backend.simulated.SimulatedBackend;
import io.trainyard.job.Event;
import io.trainyard.job.Grant;
import io.trainyard.job.Job;
import io.trainyard.job.Queue.Demand;
import io.trainyard.job.Slots;
import io.trainyard.job.SomeJob;
import io.trainyard.store.Jobs;
import io.trainyard.store.MemoryStore;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SlotsTest {
    private static final Demand ONE = new Demand(0, 1, 1);

    @TempDir
    Path folder;

    private final MemoryStore store = new MemoryStore(() -> SomeJob.NOON);
    private final AtomicInteger closed = new AtomicInteger();
    private SimulatedBackend backend;
    private Granter granter;

    @BeforeEach
    @SuppressWarnings("NullAway.Init")
    void oneSlot() {
        backend = new SimulatedBackend(folder.resolve("ledger"), Duration.ofDays(1), 1, () -> SomeJob.NOON, _ -> {});
        granter = new Granter(store.jobs(), backend, () -> SomeJob.NOON);
    }

    @AfterEach
    void stop() {
        backend.close();
    }

    private Optional<Slots.Claim> claim() {
        return granter.claim(ONE, closed::incrementAndGet);
    }

    @Test
    void a_claim_counts_until_it_is_closed() {
        var first = claim().orElseThrow();
        assertEquals(Optional.of(Grant.NOTHING), first.grant());
        assertEquals(Optional.empty(), claim());
        first.close();
        assertEquals(1, closed.get());
        claim().orElseThrow().close();
    }

    @Test
    void a_claimed_slot_is_not_given_to_one_who_waits() {
        try (var _ = claim().orElseThrow()) {
            wait(SomeJob.PLAIN.on(backend.name()).queued());
            assertEquals(List.of(), granter.grant());
        }
        assertEquals(1, granter.grant().size());
    }

    @Test
    void nobody_overtakes_one_who_waits() {
        wait(SomeJob.PLAIN.on(backend.name()).queued());
        assertEquals(Optional.empty(), claim());
    }

    private void wait(Job job) {
        var submitted = Event.of(job, Event.Kind.SUBMITTED, "submitted", SomeJob.NOON);
        store.jobs().create(new Jobs.NewJob(job, submitted, Map.of(), new byte[0], Optional.empty()));
    }
}
