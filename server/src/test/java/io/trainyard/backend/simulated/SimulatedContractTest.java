package io.trainyard.backend.simulated;

import io.trainyard.backend.Backend;
import io.trainyard.backend.BackendContractTest;
import io.trainyard.job.Attempt;
import io.trainyard.job.SomeJob;
import io.trainyard.spec.JobSpec;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;

class SimulatedContractTest extends BackendContractTest {
    @TempDir
    Path folder;

    private final List<SimulatedBackend> open = new ArrayList<>();
    private Instant now = SomeJob.NOON;

    @AfterEach
    void close() {
        open.forEach(SimulatedBackend::close);
    }

    @Override
    protected Backend started() {
        var backend = new SimulatedBackend(folder.resolve("ledger"), Duration.ofSeconds(1), 9, () -> now, _ -> {});
        open.add(backend);
        return backend;
    }

    @Override
    protected JobSpec spec() {
        return SomeJob.PLAIN
                .annotated(SimulatedBackend.SCRIPT, "wait 1s, run 60s, succeed")
                .spec();
    }

    @Override
    protected void run(Attempt attempt) {
        now = now.plusSeconds(3);
    }

    @Override
    protected void succeed(Attempt attempt) {
        now = now.plusSeconds(100);
    }

    @Override
    protected void settle() {}

    @Override
    protected int things(Attempt attempt) {
        return new Ledger(folder.resolve("ledger")).all().size();
    }
}
