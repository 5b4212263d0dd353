package io.trainyard.store;

import static io.trainyard.store.Samples.NOON;
import static io.trainyard.store.Samples.done;
import static io.trainyard.store.Samples.event;
import static io.trainyard.store.Samples.launching;
import static io.trainyard.store.Samples.running;
import static io.trainyard.store.Samples.waitingUntil;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.job.Cause;
import io.trainyard.job.Event;
import io.trainyard.job.Handle;
import io.trainyard.job.Job;
import io.trainyard.job.JobState;
import io.trainyard.job.Outcome;
import io.trainyard.job.Wish;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** What transitions, wishes, attempts and removal promise, whoever keeps them. */
abstract class LifeCycleContractTest extends StoreContractTest {
    @Test
    void a_transition_counts_the_version_and_writes_its_event() {
        Job job = created(PLAIN);
        Job next = launching(job, 1);
        assertTrue(jobs.transition(next, event(next, Event.Kind.LAUNCHING)));
        assertEquals(next.withVersion(1), found(job));
        var last = history(job).getLast();
        assertEquals(2, last.sequence());
        assertEquals(Event.Kind.LAUNCHING, last.kind());
        assertEquals(Optional.of(1), last.attempt());
        assertEquals(List.of(last), store.events().after(job.id(), 1, 10));
    }

    @Test
    void a_transition_from_an_old_look_is_refused() {
        Job job = created(PLAIN);
        moved(launching(job, 1), Event.Kind.LAUNCHING);
        assertFalse(jobs.transition(launching(job, 1), event(job, Event.Kind.LAUNCHING)));
        assertEquals(2, history(job).size());
    }

    @Test
    void a_finished_job_never_moves_again() {
        Job job = finished(created(PLAIN));
        assertFalse(jobs.transition(done(job, new Outcome.Cancelled()), event(job, Event.Kind.CANCELLED)));
        assertEquals(Optional.of(job), jobs.wish(job.id(), Wish.CANCEL, now));
        assertEquals(job, found(job));
        assertEquals(2, history(job).size());
    }

    @Test
    void every_state_is_kept() {
        Job job = created(PLAIN);
        job = moved(launching(job, 1), Event.Kind.LAUNCHING);
        job = moved(running(job), Event.Kind.RUNNING);
        var attempt = job.state().liveAttempt().orElseThrow();
        var stopping = new JobState.Stopping(
                attempt, Optional.of(Samples.HANDLE), Optional.of(NOON), new JobState.Then.Pause(), Optional.of(now));
        job = moved(job.withState(stopping, now), Event.Kind.STOPPING);
        assertEquals(stopping, job.state());
        job = moved(
                job.withCounts(Duration.ofSeconds(5, 7), 2, 1).withState(new JobState.Paused(2), now),
                Event.Kind.PAUSED);
        assertEquals(new JobState.Paused(2), job.state());
        assertEquals(Duration.ofSeconds(5, 7), job.ran());
        job = moved(waitingUntil(job.withBackend("other"), now.plusSeconds(9)), Event.Kind.QUEUED);
        assertEquals("other", job.backend());
        var failed = new Outcome.Failed(Cause.OUT_OF_MEMORY, "no memory left");
        job = moved(done(job, failed), Event.Kind.FAILED);
        assertEquals(new JobState.Done(failed, job.updated()), job.state());
        assertEquals(2, job.failures());
        assertEquals(1, job.userFailures());
    }

    @Test
    void a_wish_makes_a_transition_that_did_not_know_it_fail() {
        Job job = created(PLAIN);
        Job wished = jobs.wish(job.id(), Wish.CANCEL, now.plusSeconds(3)).orElseThrow();
        assertEquals(Wish.CANCEL, wished.wish());
        assertEquals(found(job), wished);
        assertEquals(now.plusSeconds(3), wished.updated());
        assertEquals(Event.Kind.CANCEL_REQUESTED, history(job).getLast().kind());
        assertFalse(jobs.transition(launching(job, 1), event(job, Event.Kind.LAUNCHING)));
        assertTrue(jobs.transition(launching(wished, 1), event(job, Event.Kind.LAUNCHING)));
    }

    @Test
    void pausing_and_resuming_are_recorded_once_each() {
        Job job = moved(launching(created(PLAIN), 1), Event.Kind.LAUNCHING);
        jobs.wish(job.id(), Wish.PAUSE, now);
        jobs.wish(job.id(), Wish.PAUSE, now);
        jobs.wish(job.id(), Wish.RUN, now);
        assertEquals(
                List.of(Event.Kind.PAUSE_REQUESTED, Event.Kind.RESUME_REQUESTED),
                history(job).stream().skip(2).map(Event::kind).toList());
        assertEquals(Optional.of(1), history(job).getLast().attempt());
        assertEquals(3, found(job).version());
    }

    @Test
    void a_wish_that_ends_a_job_is_never_taken_back() {
        Job job = created(PLAIN);
        jobs.wish(job.id(), Wish.CANCEL, now);
        assertEquals(
                Wish.CANCEL, jobs.wish(job.id(), Wish.RUN, now).orElseThrow().wish());
        assertEquals(
                Wish.CANCEL, jobs.wish(job.id(), Wish.PAUSE, now).orElseThrow().wish());
        assertEquals(
                Wish.DELETE, jobs.wish(job.id(), Wish.DELETE, now).orElseThrow().wish());
        assertEquals(
                Wish.DELETE, jobs.wish(job.id(), Wish.CANCEL, now).orElseThrow().wish());
    }

    @Test
    void attempts_open_with_their_state_and_close_with_the_reason() {
        Job job = moved(launching(created(PLAIN), 1), Event.Kind.LAUNCHING);
        var first = job.state().liveAttempt().orElseThrow();
        assertEquals(
                List.of(new Jobs.AttemptRecord(
                        first, Optional.empty(), job.updated(), Optional.empty(), Optional.empty())),
                jobs.attempts(job.id()));
        assertEquals(List.of(first), jobs.live("local"));
        assertEquals(List.of(), jobs.live("elsewhere"));
        job = moved(running(job), Event.Kind.RUNNING);
        Optional<Handle> handle = job.state().liveHandle();
        assertTrue(handle.isPresent());
        assertEquals(handle, jobs.attempts(job.id()).getFirst().handle());
        job = moved(waitingUntil(job, now.plusSeconds(10)), Event.Kind.RETRYING);
        assertEquals(List.of(), jobs.live("local"));
        Instant ended = job.updated();
        job = moved(launching(job, 2), Event.Kind.LAUNCHING);
        var records = jobs.attempts(job.id());
        assertEquals(2, records.size());
        assertEquals(handle, records.getFirst().handle());
        assertEquals(Optional.empty(), records.getLast().handle());
        assertEquals(Optional.of(ended), records.getFirst().ended());
        assertEquals(Optional.of("RETRYING it is"), records.getFirst().end());
        assertEquals(List.of(records.getLast().attempt()), jobs.live("local"));
        finished(job);
        assertEquals(List.of(), jobs.live("local"));
        assertEquals(
                Optional.of("SUCCEEDED it is"),
                jobs.attempts(job.id()).getLast().end());
    }

    @Test
    void those_that_need_looking_at_are_the_live_and_those_whose_wish_differs() {
        created(PLAIN);
        Job cancelled = created(PLAIN);
        jobs.wish(cancelled.id(), Wish.CANCEL, now);
        Job live = moved(launching(created(PLAIN), 1), Event.Kind.LAUNCHING);
        Job resting = created(PLAIN);
        resting = jobs.wish(resting.id(), Wish.PAUSE, now).orElseThrow();
        resting = moved(resting.withState(new JobState.Paused(1), now), Event.Kind.PAUSED);
        finished(created(PLAIN));
        Job deleted = created(PLAIN);
        finished(jobs.wish(deleted.id(), Wish.DELETE, now).orElseThrow());
        assertEquals(List.of(cancelled.id(), live.id(), deleted.id()), jobs.active());
        assertTrue(jobs.remove(deleted.id()));
        assertEquals(List.of(cancelled.id(), live.id()), jobs.active());
        jobs.wish(resting.id(), Wish.RUN, now);
        assertEquals(List.of(cancelled.id(), live.id(), resting.id()), jobs.active());
    }

    @Test
    void only_a_finished_job_is_removed_and_nothing_of_it_stays() {
        Job job = created(PLAIN.withClientId("mine").told().wantedWithKey("body", "k"));
        store.metrics().append(job.id(), List.of(new Metrics.Point("loss", 1, 1, 0.5, now)));
        var source = new Logs.Source(job.id(), 1, 0, "stdout");
        store.logs().append(source, List.of(new Logs.NewLine(now, "hello")), 6);
        assertFalse(jobs.remove(job.id()));
        finished(moved(launching(job, 1), Event.Kind.LAUNCHING));
        assertTrue(jobs.remove(job.id()));
        assertFalse(jobs.remove(job.id()));
        assertEquals(Optional.empty(), jobs.find(job.id()));
        assertEquals(List.of(), history(job));
        assertEquals(List.of(), jobs.attempts(job.id()));
        assertEquals(List.of(), store.metrics().names(job.id()));
        assertEquals(0, store.logs().last(job.id()));
        assertEquals(0, store.logs().position(source));
        assertEquals(List.of(), store.logs().read(job.id(), 1, 10));
        assertEquals(List.of(), store.outbox().due(now.plusSeconds(100), 10));
        assertEquals(
                1,
                created(PLAIN.withClientId("mine").wantedWithKey("other", "k"))
                        .identity()
                        .generation());
    }

    @Test
    void of_many_transitions_from_one_look_exactly_one_is_written() throws InterruptedException {
        Job job = created(PLAIN);
        var won = new AtomicInteger();
        inParallel(_ -> {
            Job next = launching(job, 1);
            if (jobs.transition(next, event(next, Event.Kind.LAUNCHING))) won.incrementAndGet();
        });
        assertEquals(1, won.get());
        assertEquals(2, history(job).size());
    }
}
