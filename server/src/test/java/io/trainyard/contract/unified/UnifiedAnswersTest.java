package io.trainyard.contract.unified;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.trainyard.contract.unified.Answers.Status;
import io.trainyard.job.Attempt;
import io.trainyard.job.Cause;
import io.trainyard.job.Grant;
import io.trainyard.job.Handle;
import io.trainyard.job.Job;
import io.trainyard.job.JobId;
import io.trainyard.job.JobState;
import io.trainyard.job.JobState.Then;
import io.trainyard.job.Outcome;
import io.trainyard.job.Reason;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Every state in the contract's words. */
class UnifiedAnswersTest {
    private static final Instant NOON = Instant.EPOCH;
    private static final JobId ID = new JobId("job_0");
    private static final Handle HANDLE = new Handle("c", "PyTorchJob", "n", "x", "u");
    private static final Reason CROWDED = new Reason(Reason.Kind.SLOT, "2 jobs are ahead");

    private static Job job(JobState state) {
        var wanted = UnifiedBodies.wanted(UnifiedBodies.demo());
        return Job.submitted(ID, wanted.identity(), wanted.spec(), wanted.request(), List.of(), "local", NOON)
                .withState(state, NOON);
    }

    private static Attempt attempt(int number) {
        return new Attempt(ID, number, "local", Grant.NOTHING);
    }

    private static Status status(JobState state) {
        return Answers.status(job(state));
    }

    private static JobState done(Outcome outcome) {
        return new JobState.Done(outcome, NOON);
    }

    private static JobState stopping(Then then) {
        return new JobState.Stopping(attempt(1), Optional.of(HANDLE), Optional.of(NOON), then, Optional.empty());
    }

    @Test
    void F27_each_state_has_its_word_and_a_restart_is_not_shown_as_submitted() {
        assertEquals(
                new Status("submitted", "PyTorchJob submitted"),
                status(new JobState.Queued(1, NOON, Reason.JUST_SUBMITTED)));
        assertEquals(
                new Status("submitted", "PyTorchJob submitted: 2 jobs are ahead"),
                status(new JobState.Queued(1, NOON, CROWDED)));
        assertEquals(
                new Status("running", "PyTorchJob restarting: 2 jobs are ahead"),
                status(new JobState.Queued(2, NOON, CROWDED)));
        assertEquals(
                new Status("submitted", "PyTorchJob submitted"),
                status(new JobState.Launching(attempt(1), Optional.empty(), Reason.STARTING)));
        assertEquals(
                new Status("running", "PyTorchJob restarting"),
                status(new JobState.Launching(attempt(2), Optional.empty(), Reason.STARTING)));
        assertEquals(
                new Status("running", "PyTorchJob running"), status(new JobState.Running(attempt(1), HANDLE, NOON)));
        assertEquals(new Status("suspended", "PyTorchJob suspended"), status(new JobState.Paused(2)));
    }

    @Test
    void a_stop_is_told_by_what_follows_it() {
        assertEquals(
                new Status("cancelled", "PyTorchJob cancellation requested, stopping…"),
                status(stopping(new Then.Finish(new Outcome.Cancelled()))));
        assertEquals(
                new Status("running", "PyTorchJob stopping: too long"),
                status(stopping(new Then.Finish(new Outcome.Failed(Cause.DEADLINE, "too long")))));
        assertEquals(new Status("running", "PyTorchJob being suspended"), status(stopping(new Then.Pause())));
        assertEquals(
                new Status("running", "PyTorchJob restarting: node lost"),
                status(stopping(new Then.Retry(Cause.NODE_LOST, "node lost"))));
    }

    @Test
    void each_end_has_its_published_word() {
        assertEquals(new Status("succeeded", "PyTorchJob completed"), status(done(new Outcome.Succeeded())));
        assertEquals(new Status("failed", "PyTorchJob failed"), status(done(new Outcome.Failed(Cause.EXIT_CODE, ""))));
        assertEquals(
                new Status("failed", "exit code 3"), status(done(new Outcome.Failed(Cause.EXIT_CODE, "exit code 3"))));
        assertEquals(new Status("cancelled", "PyTorchJob cancelled"), status(done(new Outcome.Cancelled())));
        assertEquals(
                new Status("submitted", "PyTorchJob rendered, nothing was created"),
                status(done(new Outcome.Rendered())));
    }

    @Test
    void nothing_is_said_to_be_created_that_is_not() {
        for (JobState state : List.of(
                new JobState.Queued(1, NOON, Reason.JUST_SUBMITTED),
                new JobState.Launching(attempt(1), Optional.empty(), Reason.STARTING)))
            assertEquals(
                    new Status("submitted", "PyTorchJob accepted for the backend local"), Answers.accepted(job(state)));
        assertEquals(
                "succeeded",
                Answers.accepted(job(done(new Outcome.Succeeded()))).word());
    }
}
