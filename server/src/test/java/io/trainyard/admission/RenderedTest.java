package io.trainyard.admission;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.trainyard.backend.Backend;
import io.trainyard.backend.Check;
import io.trainyard.backend.Launch;
import io.trainyard.backend.Launched;
import io.trainyard.backend.LogSource;
import io.trainyard.backend.Plan;
import io.trainyard.job.Attempt;
import io.trainyard.job.Capacity;
import io.trainyard.job.Event;
import io.trainyard.job.Handle;
import io.trainyard.job.Identity;
import io.trainyard.job.Job;
import io.trainyard.job.JobState;
import io.trainyard.job.Observation;
import io.trainyard.job.Outcome;
import io.trainyard.job.Queue.Demand;
import io.trainyard.job.Slots;
import io.trainyard.job.SomeJob;
import io.trainyard.job.Wish;
import io.trainyard.secrets.Sealer;
import io.trainyard.spec.JobSpec;
import io.trainyard.store.SqliteStore;
import io.trainyard.store.StateWord;
import io.trainyard.store.Store;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Jobs placed on a backend that only says what it would create. */
class RenderedTest {
    @TempDir
    Path folder;

    private final Random random = new Random(1);
    private Store store;
    private Admission admission;

    @BeforeEach
    void open() {
        store = SqliteStore.open(folder, () -> SomeJob.NOON);
        admission = admission(new Paper(true));
    }

    private Admission admission(Backend backend) {
        var sealer = Sealer.open(folder.resolve("secrets.key"));
        return new Admission(
                store.jobs(),
                new Placer(List.of(backend), "paper", (_, _) -> Slots.NOTHING),
                sealer,
                () -> SomeJob.NOON,
                random);
    }

    @AfterEach
    void close() {
        store.close();
    }

    @Test
    void such_a_job_is_over_in_the_transaction_that_creates_it() {
        Job job = submitted();
        assertEquals(new JobState.Done(new Outcome.Rendered(), SomeJob.NOON), job.state());
        assertEquals("rendered", StateWord.of(job.state()).word());
        assertEquals(Optional.of(job), store.jobs().find(job.id()));
        assertEquals(
                List.of("1 SUBMITTED submitted", "2 RENDERED rendered, not started"),
                store.events().after(job.id(), 0, 9).stream()
                        .map(event -> event.sequence() + " " + event.kind() + " " + event.message())
                        .toList());
    }

    @Test
    void it_waits_for_no_slot_holds_none_and_needs_no_look() {
        Job job = submitted();
        assertEquals(List.of(), store.jobs().waiting("paper", SomeJob.NOON.plusSeconds(60), 9));
        assertEquals(List.of(), store.jobs().live("paper"));
        assertEquals(List.of(), store.jobs().active());
        assertEquals(List.of(), store.jobs().attempts(job.id()));
    }

    @Test
    void it_cannot_be_cancelled() {
        Job job = submitted();
        assertEquals(Optional.of(job), admission.wish(job.id(), Wish.CANCEL));
        assertEquals(2, store.events().after(job.id(), 0, 9).size());
    }

    @Test
    void its_manifest_is_read_afterwards_and_that_of_a_job_that_runs_is_not() {
        assertEquals(Optional.of("paper for fine-tune"), admission.manifest(submitted()));
        Job runs = submitted(admission(new Paper(false)));
        assertInstanceOf(JobState.Queued.class, runs.state());
        assertEquals(Optional.empty(), admission.manifest(runs));
        assertEquals(1, store.events().after(runs.id(), 0, 9).size());
    }

    @Test
    void its_retry_is_rendered_as_well_as_a_job_of_its_own() {
        Job first = submitted();
        Job second = assertInstanceOf(Answer.Accepted.class, admission.retry(first, Optional.empty()))
                .job();
        assertNotEquals(first.id(), second.id());
        assertEquals(Optional.of(first.id()), second.retryOf());
        assertEquals("rendered", StateWord.of(second.state()).word());
        assertEquals(
                Event.Kind.RENDERED,
                store.events().after(second.id(), 1, 9).getFirst().kind());
    }

    private Job submitted() {
        return submitted(admission);
    }

    private static Job submitted(Admission admission) {
        var identity = new Identity("default", "trainyard", "", Optional.empty(), 1);
        var wanted =
                new Wanted(identity, SomeJob.PLAIN.spec(), "", List.of(), Map.of(), new byte[] {1}, Optional.empty());
        return assertInstanceOf(Answer.Accepted.class, admission.submit(wanted)).job();
    }

    /** Nothing but paper: whoever asks it about an attempt has made a mistake. */
    private record Paper(boolean rendersOnly) implements Backend {
        @Override
        public String name() {
            return "paper";
        }

        @Override
        public Plan plan(JobSpec spec) {
            return new Plan(List.of(), List.of(), new Demand(0, 0, 0), "paper for " + spec.name());
        }

        @Override
        public Check check(JobSpec spec, Duration within) {
            return new Check.Passed();
        }

        @Override
        public Launched launch(Launch launch) {
            throw new IllegalStateException("launched " + launch);
        }

        @Override
        public Observation observe(Attempt attempt, Optional<Handle> handle) {
            throw new IllegalStateException("observed " + attempt);
        }

        @Override
        public void stop(Attempt attempt, Optional<Handle> handle, Duration grace) {
            throw new IllegalStateException("stopped " + attempt);
        }

        @Override
        public LogSource logs(Attempt attempt, Optional<Handle> handle) {
            throw new IllegalStateException("read " + attempt);
        }

        @Override
        public Capacity capacity() {
            return Capacity.UNLIMITED;
        }
    }
}
