package io.trainyard.job;

import static io.trainyard.job.SomeJob.HANDLE;
import static io.trainyard.job.SomeJob.NOON;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.job.JobState.Done;
import io.trainyard.job.JobState.Queued;
import io.trainyard.job.JobState.Running;
import io.trainyard.spec.Policy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RetryTest {
    private static final Duration SHORT = Duration.ofSeconds(5);

    /** A new cause is listed here by the one who adds it: who is to blame decides whether it is tried again. */
    private static final Set<String> INFRASTRUCTURE = Set.of(
            "EVICTED",
            "PREEMPTED",
            "NODE_LOST",
            "NODE_SHUTDOWN",
            "NODE_REFUSED",
            "VOLUME",
            "NETWORK",
            "CONTROLLER_SILENT",
            "INTERRUPTED",
            "SUPERVISOR_LOST",
            "VANISHED");

    private static final Set<String> USER = Set.of(
            "OUT_OF_MEMORY",
            "EXIT_CODE",
            "SIGNAL",
            "BAD_COMMAND",
            "BAD_CONFIGURATION",
            "BAD_DATA",
            "UNSUPPORTED",
            "STORAGE",
            "DEADLINE",
            "IMAGE",
            "CONTAINER_CONFIGURATION",
            "CRASH_LOOP",
            "UNSCHEDULABLE",
            "QUOTA",
            "NEVER_FITS",
            "REFUSED",
            "STALLED");

    @Test
    void every_cause_is_somebodys() {
        var all = new HashSet<>(INFRASTRUCTURE);
        all.addAll(USER);
        assertEquals(all, Arrays.stream(Cause.values()).map(Cause::name).collect(Collectors.toSet()));
    }

    @ParameterizedTest
    @EnumSource(Cause.class)
    void the_machines_get_three_attempts_and_the_job_itself_one(Cause cause) {
        int attempts = INFRASTRUCTURE.contains(cause.name()) ? 3 : 1;
        assertEquals(attempts, waits(SomeJob.PLAIN.queued(), cause, SHORT, 10).size() + 1);
    }

    @ParameterizedTest
    @EnumSource(Cause.class)
    void a_job_that_asks_for_it_is_tried_again_after_its_own_failures_but_never_past_its_time(Cause cause) {
        var policy = new Policy(Optional.empty(), 1, 2, Optional.empty(), 0);
        int attempts = cause == Cause.DEADLINE || INFRASTRUCTURE.contains(cause.name()) ? 1 : 3;
        assertEquals(
                attempts,
                waits(SomeJob.PLAIN.with(policy).queued(), cause, SHORT, 10).size() + 1);
    }

    @Test
    void the_wait_is_ten_seconds_and_then_three_times_longer_each_give_or_take_a_fifth() {
        var policy = new Policy(Optional.empty(), 5, 0, Optional.empty(), 0);
        var first = new HashSet<Duration>();
        for (int i = 0; i < 200; i++) {
            var waits = waits(SomeJob.PLAIN.with(policy).queued(), Cause.NODE_LOST, SHORT, 10);
            assertEquals(4, waits.size());
            for (int n = 0; n < waits.size(); n++) {
                double of = waits.get(n).toMillis() / (10_000 * Math.pow(3, n));
                assertTrue(of >= 0.8 && of <= 1.2, waits::toString);
            }
            first.add(waits.getFirst());
        }
        assertTrue(first.size() > 50, "a herd that failed together must not come back together");
    }

    @Test
    void a_run_of_ten_minutes_makes_good_what_failed_before() {
        Job job = SomeJob.PLAIN.queued().withCounts(Duration.ZERO, 2, 0);
        assertEquals(
                0,
                waits(job, Cause.NODE_LOST, Duration.ofMinutes(10).minusMillis(1), 10)
                        .size());
        var waits = waits(job, Cause.NODE_LOST, Duration.ofMinutes(10), 4);
        assertEquals(4, waits.size(), "long runs may be interrupted as often as it takes");
        assertTrue(waits.getLast().compareTo(Duration.ofSeconds(12)) <= 0, waits::toString);
    }

    @Test
    void an_operator_says_how_soon_how_much_later_each_time_and_how_often_at_most() {
        var backoff = new Backoff(Duration.ofSeconds(2), 5, Duration.ofSeconds(20), Duration.ofMinutes(1), 4);
        var policy = new Policy(Optional.empty(), 9, 9, Optional.empty(), 0);
        for (Cause cause : List.of(Cause.EVICTED, Cause.EXIT_CODE)) {
            var waits = waits(SomeJob.PLAIN.with(policy).queued(), cause, SHORT, 10, new Rules(backoff));
            assertEquals(3, waits.size(), "four attempts in all, whatever the job asks for");
            for (int n = 0; n < waits.size(); n++) {
                double of = waits.get(n).toMillis() / Math.min(2_000 * Math.pow(5, n), 20_000);
                assertTrue(of >= 0.8 && of <= 1.2, waits::toString);
            }
        }
        var healthy = waits(SomeJob.PLAIN.queued(), Cause.EVICTED, Duration.ofMinutes(1), 6, new Rules(backoff));
        assertEquals(6, healthy.size(), "a run of a minute makes good what failed before");
    }

    @Test
    void a_job_that_may_fail_a_hundred_times_never_waits_longer_than_an_hour_or_so() {
        var policy = new Policy(Optional.empty(), 100, 0, Optional.empty(), 0);
        var waits = waits(SomeJob.PLAIN.with(policy).queued(), Cause.EVICTED, SHORT, 99);
        assertEquals(99, waits.size());
        assertTrue(waits.stream().allMatch(wait -> wait.compareTo(Duration.ofMinutes(72)) <= 0), waits::toString);
    }

    private static List<Duration> waits(Job job, Cause cause, Duration ran, int most) {
        return waits(job, cause, ran, most, SomeJob.RULES);
    }

    /** Waits before the next attempts of a job that fails like this every time, at most so many. */
    private static List<Duration> waits(Job job, Cause cause, Duration ran, int most, Rules rules) {
        var waits = new ArrayList<Duration>();
        Job now = job;
        for (int number = 1; waits.size() < most; number++) {
            var attempt = new Attempt(job.id(), number, "simulated", Grant.NOTHING);
            var ended = new Observation.Ended(new Observation.Ending.Failure(cause, "again"), ran);
            var step = rules.next(now.withState(new Running(attempt, HANDLE, NOON), NOON), ended, NOON);
            now = assertInstanceOf(Step.Become.class, step).next();
            if (now.state() instanceof Done) break;
            waits.add(Duration.between(
                    NOON, assertInstanceOf(Queued.class, now.state()).notBefore()));
        }
        return waits;
    }
}
