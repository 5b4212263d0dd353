package io.trainyard.job;

import static io.trainyard.job.LifeCycle.ATTEMPT;
import static io.trainyard.job.LifeCycle.JOB;
import static io.trainyard.job.LifeCycle.observations;
import static io.trainyard.job.LifeCycle.states;
import static io.trainyard.job.SomeJob.HANDLE;
import static io.trainyard.job.SomeJob.NOON;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.job.JobState.Done;
import io.trainyard.job.JobState.Launching;
import io.trainyard.job.JobState.Queued;
import io.trainyard.job.JobState.Running;
import io.trainyard.job.JobState.Stopping;
import io.trainyard.job.Observation.Ending;
import io.trainyard.job.Step.Become;
import io.trainyard.spec.Policy;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** What holds over the whole table, and over walks through it. */
class PromisesTest {
    private static final Instant LATER = NOON.plusSeconds(10);

    @Test
    void a_finished_job_never_changes() {
        states().values().stream().filter(JobState::ended).forEach(state -> {
            for (Wish wish : Wish.values())
                for (Observation seen : observations().values())
                    assertEquals(
                            new Step.Rest(),
                            SomeJob.RULES.next(job(state, wish), seen, LATER),
                            () -> state + ", " + wish);
        });
    }

    @Test
    void what_is_out_of_sight_neither_fails_nor_ends_nor_starts() {
        var gone = new Observation.Unreachable("nobody answers");
        states().values().stream()
                .filter(state -> state.liveAttempt().isPresent())
                .forEach(state -> {
                    for (Wish wish : Wish.values()) {
                        Step step = SomeJob.RULES.next(job(state, wish), gone, LATER);
                        boolean told = step instanceof Step.Stop
                                || (step instanceof Become become
                                        && become.next().state() instanceof Stopping);
                        assertTrue(step instanceof Step.Rest || told, () -> state + ", " + wish + ": " + step);
                    }
                });
    }

    @Test
    void a_cancelled_job_ends_cancelled_whatever_is_seen() {
        for (long seed = 0; seed < 5_000; seed++) {
            var random = new SplittableRandom(seed);
            var beginnings =
                    states().values().stream().filter(state -> !state.ended()).toList();
            var seen = List.copyOf(observations().values());
            Wish wish = random.nextBoolean() ? Wish.CANCEL : Wish.DELETE;
            Job job = job(beginnings.get(random.nextInt(beginnings.size())), wish);
            Instant now = NOON;
            for (int step = 0; step < 200 && !job.state().ended(); step++) {
                now = now.plusSeconds(random.nextInt(60));
                job = after(job, SomeJob.RULES.next(job, seen.get(random.nextInt(seen.size())), now), now);
            }
            assertEquals(
                    new Outcome.Cancelled(),
                    assertInstanceOf(Done.class, job.state(), "seed " + seed).outcome());
        }
    }

    private static Job after(Job job, Step step, Instant now) {
        return switch (step) {
            case Step.Rest _ -> job;
            case Step.Launch launch -> throw new AssertionError("a cancelled job is launched: " + launch);
            case Step.Stop _ ->
                job.state() instanceof Stopping stopping
                        ? Rules.asked(job, stopping, now).next()
                        : job;
            case Become become -> become.next();
        };
    }

    @Test
    void an_attempt_once_seen_is_never_launched_again() {
        for (JobState state : states().values()) {
            if (state.liveHandle().isEmpty()) continue;
            for (Observation seen : observations().values())
                assertTrue(
                        !(SomeJob.RULES.next(job(state, Wish.RUN), seen, LATER) instanceof Step.Launch),
                        () -> state + ", " + seen);
        }
    }

    @Test
    void what_is_written_is_dated_now_and_counts_attempts_up() {
        for (JobState state : states().values())
            for (Observation seen : observations().values())
                for (Wish wish : Wish.values())
                    if (SomeJob.RULES.next(job(state, wish), seen, LATER) instanceof Become become) {
                        assertEquals(LATER, become.next().updated());
                        if (become.next().state() instanceof Queued queued
                                && state.liveAttempt().isPresent()) assertEquals(2, queued.nextAttempt());
                    }
    }

    @Test
    void a_stop_is_told_again_only_after_the_grace() {
        Job job = SomeJob.PLAIN
                .with(new Policy(Optional.empty(), 3, 0, Optional.of(Duration.ofSeconds(60)), 0))
                .queued();
        var told = new Stopping(
                ATTEMPT, Optional.of(HANDLE), Optional.of(NOON), new JobState.Then.Pause(), Optional.of(NOON));
        var active = new Observation.Active(HANDLE, NOON, Duration.ofSeconds(5));
        Job stopping = job.withState(told, NOON).withWish(Wish.PAUSE, NOON);
        assertEquals(new Step.Rest(), SomeJob.RULES.next(stopping, active, NOON.plusSeconds(74)));
        assertEquals(
                new Step.Stop(ATTEMPT, Optional.of(HANDLE), Duration.ofSeconds(60)),
                SomeJob.RULES.next(stopping, active, NOON.plusSeconds(75)));
    }

    @Test
    void a_waiting_backend_is_written_down_once_a_reason() {
        var pulling = new Reason(Reason.Kind.IMAGE_PULL, "pulling, 3 of 9 layers");
        var more = new Reason(Reason.Kind.IMAGE_PULL, "pulling, 4 of 9 layers");
        Job job = job(new Launching(ATTEMPT, Optional.of(HANDLE), pulling), Wish.RUN);
        assertEquals(new Step.Rest(), SomeJob.RULES.next(job, new Observation.Waiting(HANDLE, more), LATER));
    }

    @Test
    void the_time_limit_counts_running_over_all_attempts() {
        Job job = job(new Running(ATTEMPT, HANDLE, NOON), Wish.RUN);
        Job limited = limited(job.withCounts(Duration.ofSeconds(70), 1, 0));
        var before = new Observation.Active(HANDLE, NOON, Duration.ofMillis(29_999));
        var after = new Observation.Active(HANDLE, NOON, Duration.ofSeconds(30));
        assertEquals(new Step.Rest(), SomeJob.RULES.next(limited, before, LATER));
        Job stopping = assertInstanceOf(Become.class, SomeJob.RULES.next(limited, after, LATER))
                .next();
        var ended = LifeCycle.ended(new Ending.Failure(Cause.SIGNAL, "stopped"));
        Job done = assertInstanceOf(Become.class, SomeJob.RULES.next(stopping, ended, LATER))
                .next();
        assertEquals(Duration.ofSeconds(75), done.ran());
        var outcome = assertInstanceOf(
                Outcome.Failed.class, assertInstanceOf(Done.class, done.state()).outcome());
        assertEquals(Cause.DEADLINE, outcome.cause());
    }

    @Test
    void an_attempt_lost_past_the_time_limit_is_the_last() {
        Job limited =
                limited(job(new Running(ATTEMPT, HANDLE, NOON), Wish.RUN).withCounts(Duration.ofSeconds(96), 0, 0));
        var lost = LifeCycle.ended(new Ending.Failure(Cause.NODE_LOST, "the node is gone"));
        assertInstanceOf(
                Done.class,
                assertInstanceOf(Become.class, SomeJob.RULES.next(limited, lost, LATER))
                        .next()
                        .state());
    }

    @Test
    void time_in_the_queue_and_in_pause_is_not_running_time() {
        var told = new ArrayList<Job>();
        Job job = job(new JobState.Paused(2), Wish.RUN);
        told.add(assertInstanceOf(
                        Become.class, SomeJob.RULES.next(job, new Observation.Missing(), NOON.plusSeconds(9_999)))
                .next());
        assertEquals(Duration.ZERO, told.getFirst().ran());
    }

    private static Job limited(Job job) {
        var policy = new Policy(Optional.of(Duration.ofSeconds(100)), 3, 0, Optional.empty(), 0);
        Job other = SomeJob.PLAIN.with(policy).queued();
        return other.withState(job.state(), NOON).withCounts(job.ran(), job.failures(), job.userFailures());
    }

    private static Job job(JobState state, Wish wish) {
        return JOB.withWish(wish, NOON).withState(state, NOON);
    }
}
