package io.trainyard.backend.simulated;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.trainyard.backend.simulated.Ledger.Entry;
import io.trainyard.job.JobId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LedgerTest {
    private static final JobId JOB = new JobId("job_1");
    private static final JobId OTHER = new JobId("job_2");
    private static final Instant THEN = Instant.ofEpochMilli(1_700_000_000_000L);
    private static final Instant LATER = THEN.plusSeconds(5);

    @TempDir
    Path folder;

    private Path file;

    @BeforeEach
    void file() {
        file = folder.resolve("ledger");
    }

    @Test
    void what_happened_outlives_the_server() {
        var ledger = new Ledger(file);
        ledger.launch(JOB, 1, THEN, "run 5s, succeed");
        ledger.stop(JOB, 1, LATER);
        assertEquals(
                Optional.of(new Entry(Optional.of(THEN), Optional.of(LATER), "run 5s, succeed")),
                new Ledger(file).find(JOB, 1));
    }

    @Test
    void a_second_launch_or_stop_changes_nothing() throws IOException {
        var ledger = new Ledger(file);
        ledger.launch(JOB, 1, THEN, "stall");
        ledger.launch(JOB, 1, LATER, "run 1s");
        ledger.stop(JOB, 1, LATER);
        ledger.stop(JOB, 1, LATER.plusSeconds(1));
        assertEquals(
                new Entry(Optional.of(THEN), Optional.of(LATER), "stall"),
                ledger.find(JOB, 1).orElseThrow());
        assertEquals(2, Files.readAllLines(file).size());
    }

    @Test
    void what_was_stopped_before_it_started_never_starts() {
        var ledger = new Ledger(file);
        ledger.stop(JOB, 1, THEN);
        assertEquals(Optional.empty(), ledger.launch(JOB, 1, LATER, "run 5s").launched());
        assertEquals(
                Optional.empty(), new Ledger(file).find(JOB, 1).orElseThrow().launched());
    }

    @Test
    void an_act_torn_by_a_crash_never_happened_and_does_not_spoil_the_next() throws IOException {
        var ledger = new Ledger(file);
        ledger.launch(JOB, 1, THEN, "run 5s");
        byte[] whole = Files.readAllBytes(file);
        ledger.launch(OTHER, 1, THEN, "run 5s");
        byte[] both = Files.readAllBytes(file);
        for (int torn = whole.length; torn < both.length; torn++) {
            Files.write(file, Arrays.copyOf(both, torn));
            new Ledger(file).stop(JOB, 1, LATER);
            var read = new Ledger(file);
            String where = new String(Arrays.copyOf(both, torn), UTF_8);
            assertEquals(Optional.empty(), read.find(OTHER, 1), where);
            assertEquals(Optional.of(LATER), read.find(JOB, 1).orElseThrow().stopped(), where);
        }
    }
}
