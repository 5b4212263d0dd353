package io.trainyard.backend.simulated;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.trainyard.job.Attempt;
import io.trainyard.job.Grant;
import io.trainyard.job.JobId;
import io.trainyard.job.Observation;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StoppedBeforeStartTest {
    @Test
    void an_attempt_stopped_before_it_started_has_ended_and_printed_nothing(@TempDir Path folder) {
        var attempt = new Attempt(new JobId("job_1"), 1, "simulated", Grant.NOTHING);
        try (var backend = new SimulatedBackend(
                folder.resolve("ledger"), Duration.ofSeconds(1), 1, InstantSource.system(), _ -> {})) {
            backend.stop(attempt, Optional.empty(), Duration.ZERO);
            assertInstanceOf(Observation.Ended.class, backend.observe(attempt, Optional.empty()));
            var logs = backend.logs(attempt, Optional.empty());
            assertEquals(0, logs.read(logs.parts().getFirst(), 0, 100).bytes().length);
        }
    }
}
