package io.trainyard.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.job.Attempt;
import io.trainyard.job.Grant;
import io.trainyard.job.Handle;
import io.trainyard.job.JobId;
import io.trainyard.job.Observation;
import io.trainyard.job.SomeJob;
import io.trainyard.spec.JobSpec;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** What the reconciler relies on, whatever the place is that attempts run in. */
public abstract class BackendContractTest {
    private static final Duration GRACE = Duration.ofSeconds(1);
    private static long seeds;

    /** The backend as a server that has just started has it; what was created before is still there. */
    protected abstract Backend started();

    /** A job that this place takes. */
    protected abstract JobSpec spec();

    /** Lets the attempt run; it prints at least a line. */
    protected abstract void run(Attempt attempt);

    /** Lets it come to its good end. */
    protected abstract void succeed(Attempt attempt);

    /** Lets what was asked of the place come about. */
    protected abstract void settle();

    /** How many things the place holds for the attempt, ended ones included. */
    protected abstract int things(Attempt attempt);

    private Attempt attempt(String backend) {
        return new Attempt(JobId.create(SomeJob.NOON, new SplittableRandom(++seeds)), 1, backend, Grant.NOTHING);
    }

    private Launch launch(Attempt attempt) {
        return new Launch(attempt, spec(), attempt.job().value(), Map.of(), Optional.empty());
    }

    private Handle accepted(Backend backend, Attempt attempt) {
        return assertInstanceOf(Launched.Accepted.class, backend.launch(launch(attempt)))
                .handle();
    }

    @Test
    void the_spec_of_this_test_has_no_objection_and_its_plan_is_the_same_twice() {
        Backend backend = started();
        assertEquals(List.of(), backend.plan(spec()).objections());
        assertEquals(backend.plan(spec()), backend.plan(spec()));
        assertInstanceOf(Check.Passed.class, backend.check(spec(), Duration.ofSeconds(5)));
        assertFalse(backend.rendersOnly());
    }

    @Test
    void what_was_never_launched_is_missing() {
        Backend backend = started();
        assertInstanceOf(Observation.Missing.class, backend.observe(attempt(backend.name()), Optional.empty()));
    }

    @Test
    void launching_twice_is_launching_once() {
        Backend backend = started();
        Attempt attempt = attempt(backend.name());
        Handle first = accepted(backend, attempt);
        assertEquals(first, accepted(backend, attempt));
        assertEquals(first, accepted(started(), attempt));
        assertEquals(1, things(attempt));
    }

    @Test
    void two_attempts_of_a_job_are_two_things() {
        Backend backend = started();
        Attempt first = attempt(backend.name());
        var second = new Attempt(first.job(), 2, backend.name(), Grant.NOTHING);
        accepted(backend, first);
        assertInstanceOf(Observation.Missing.class, backend.observe(second, Optional.empty()));
        assertFalse(accepted(backend, first).equals(accepted(backend, second)));
    }

    @Test
    void a_new_server_finds_what_an_earlier_one_launched_with_and_without_its_handle() {
        Attempt attempt = attempt(started().name());
        Handle handle = accepted(started(), attempt);
        run(attempt);
        var found = assertInstanceOf(Observation.Active.class, started().observe(attempt, Optional.empty()));
        assertEquals(handle, found.handle());
        assertInstanceOf(Observation.Active.class, started().observe(attempt, Optional.of(handle)));
    }

    @Test
    void it_runs_and_ends_and_stays_ended() {
        Backend backend = started();
        Attempt attempt = attempt(backend.name());
        Handle handle = accepted(backend, attempt);
        run(attempt);
        assertInstanceOf(Observation.Active.class, backend.observe(attempt, Optional.of(handle)));
        succeed(attempt);
        settle();
        for (Backend one : List.of(backend, started())) {
            var ended = assertInstanceOf(Observation.Ended.class, one.observe(attempt, Optional.of(handle)));
            assertInstanceOf(Observation.Ending.Success.class, ended.ending());
        }
    }

    @Test
    void a_stop_ends_it_and_may_be_said_again() {
        Backend backend = started();
        Attempt attempt = attempt(backend.name());
        Handle handle = accepted(backend, attempt);
        run(attempt);
        backend.stop(attempt, Optional.of(handle), GRACE);
        backend.stop(attempt, Optional.of(handle), GRACE);
        settle();
        var ended = assertInstanceOf(Observation.Ended.class, backend.observe(attempt, Optional.of(handle)));
        assertInstanceOf(Observation.Ending.Failure.class, ended.ending());
        backend.stop(attempt, Optional.of(handle), GRACE);
    }

    @Test
    void a_stop_without_a_handle_ends_what_was_launched() {
        Attempt attempt = attempt(started().name());
        accepted(started(), attempt);
        run(attempt);
        started().stop(attempt, Optional.empty(), GRACE);
        settle();
        assertInstanceOf(Observation.Ended.class, started().observe(attempt, Optional.empty()));
    }

    @Test
    void what_was_stopped_before_it_was_launched_never_runs() {
        Backend backend = started();
        Attempt attempt = attempt(backend.name());
        backend.stop(attempt, Optional.empty(), GRACE);
        backend.launch(launch(attempt));
        settle();
        var seen = backend.observe(attempt, Optional.empty());
        assertTrue(seen instanceof Observation.Missing || seen instanceof Observation.Ended, seen.toString());
    }

    @Test
    void output_reads_the_same_from_any_position_and_in_any_portions() {
        Backend backend = started();
        Attempt attempt = attempt(backend.name());
        Handle handle = accepted(backend, attempt);
        run(attempt);
        succeed(attempt);
        settle();
        assertInstanceOf(Observation.Ended.class, backend.observe(attempt, Optional.of(handle)));
        byte[] whole = read(backend.logs(attempt, Optional.of(handle)), 0, 1 << 16);
        assertTrue(whole.length > 0 && new String(whole, StandardCharsets.UTF_8).endsWith("\n"));
        assertArrayEquals(whole, read(backend.logs(attempt, Optional.of(handle)), 0, 3));
        byte[] rest = read(started().logs(attempt, Optional.of(handle)), 5, 7);
        assertArrayEquals(Arrays.copyOfRange(whole, 5, whole.length), rest);
        backend.logs(attempt, Optional.of(handle)).release();
    }

    private static byte[] read(LogSource source, long from, int portion) {
        var part = new LogSource.Part(0, LogSource.Stream.STDOUT);
        assertTrue(source.parts().contains(part));
        var all = new ByteArrayOutputStream();
        while (true) {
            var chunk = source.read(part, from, portion);
            if (chunk.bytes().length == 0) return all.toByteArray();
            assertTrue(chunk.bytes().length <= portion);
            assertEquals(from + chunk.bytes().length, chunk.next());
            all.writeBytes(chunk.bytes());
            from = chunk.next();
        }
    }
}
