package io.trainyard.backend.causes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.backend.cluster.Api;
import io.trainyard.job.Cause;
import io.trainyard.job.Reason;
import io.trainyard.job.SomeJob;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Fixture: what the conditions of a workload mean for the job that waits for it. */
class KueueStandingTest {
    private static final Instant NOW = SomeJob.NOON;

    private static Hold hold(boolean active, String... conditions) {
        var workload = Api.JSON.createObjectNode();
        workload.putObject("metadata").put("name", "job-train-1a2b");
        workload.putObject("spec").put("queueName", "team-a").put("active", active);
        var list = workload.putObject("status").putArray("conditions");
        for (int i = 0; i < conditions.length; i += 3)
            list.addObject()
                    .put("type", conditions[i])
                    .put("status", "True")
                    .put("reason", conditions[i + 1])
                    .put("message", conditions[i + 2])
                    .put("lastTransitionTime", NOW.toString());
        return Turn.hold(Turn.Workload.of(workload), Optional.of(3), Waits.DEFAULT, NOW);
    }

    @ParameterizedTest
    @CsvSource({
        "DeactivatedDueToRequeuingLimitExceeded, UNSCHEDULABLE",
        "DeactivatedDueToAdmissionCheck, REFUSED",
        "DeactivatedDueToSomethingOfALaterRelease, REFUSED"
    })
    void what_kueue_has_given_up_may_be_activated_again_for_a_while_and_is_a_failure_then(String word, Cause cause) {
        Hold given = hold(false, "Evicted", word, "The workload is deactivated due to reasons");
        assertEquals(Reason.Kind.QUEUE, given.reason().kind());
        assertEquals(
                "given up by queue team-a: The workload is deactivated due to reasons; "
                        + "an administrator may set spec.active of workload job-train-1a2b to true",
                given.reason().sentence());
        assertFalse(given.hopeless(NOW.plus(Waits.DEFAULT.deactivated()).minusSeconds(1)));
        assertTrue(given.hopeless(NOW.plus(Waits.DEFAULT.deactivated())));
        assertEquals(cause, given.failure().cause());
    }

    @Test
    void a_job_that_used_up_the_time_its_queue_gives_has_failed_at_once() {
        Hold late = hold(false, "Evicted", "DeactivatedDueToMaximumExecutionTimeExceeded", "exceeding the time");
        assertTrue(late.hopeless(NOW));
        assertEquals(Cause.DEADLINE, late.failure().cause());
    }

    @Test
    void what_a_person_holds_back_waits_for_that_person_however_long() {
        Hold held = hold(false, "Evicted", "Deactivated", "The workload is deactivated");
        assertTrue(held.reason().sentence().contains("somebody has deactivated workload job-train-1a2b"));
        assertFalse(held.hopeless(NOW.plus(Duration.ofDays(365))));
        // It had lost its machines before somebody deactivated it.
        assertFalse(hold(false, "Evicted", "Preempted", "for another").hopeless(NOW.plus(Duration.ofDays(365))));
    }

    @Test
    void a_workload_that_is_over_without_having_started_anything_is_a_failure_in_the_end() {
        Hold over = hold(true, "Finished", "FailedToStart", "no such flavor");
        assertTrue(over.reason().sentence().contains("no such flavor"), over.toString());
        assertTrue(over.hopeless(NOW.plus(Waits.DEFAULT.refused())));
        assertEquals(Cause.REFUSED, over.failure().cause());
    }

    @Test
    void whoever_is_in_a_queue_waits_for_its_turn_for_ever() {
        for (Hold hold :
                new Hold[] {hold(true), hold(true, "QuotaReserved", "Reserved", ""), hold(true, "Admitted", "", "")})
            assertFalse(hold.hopeless(NOW.plus(Duration.ofDays(365))), hold.toString());
        assertEquals("position 3 in queue team-a", hold(true).reason().sentence());
        Hold again = hold(true, "Evicted", "Preempted", "Preempted to accommodate a workload");
        assertEquals(
                "put back into queue team-a: Preempted to accommodate a workload",
                again.reason().sentence());
    }
}
