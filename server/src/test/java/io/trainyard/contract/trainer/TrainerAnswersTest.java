package io.trainyard.contract.trainer;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.trainyard.contract.trainer.Answers.Status;
import io.trainyard.job.Attempt;
import io.trainyard.job.Cause;
import io.trainyard.job.Grant;
import io.trainyard.job.Handle;
import io.trainyard.job.Job;
import io.trainyard.job.JobId;
import io.trainyard.job.JobState;
import io.trainyard.job.Outcome;
import io.trainyard.job.Reason;
import io.trainyard.job.Wish;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class TrainerAnswersTest {
    private static final Attempt ATTEMPT = new Attempt(new JobId("job_0"), 1, "local", Grant.NOTHING);
    private static final Handle HANDLE = new Handle("c", "k", "n", "x", "u");

    private static Status status(Wish wish, JobState state) {
        var wanted = TrainerBodies.wanted(TrainerBodies.smallest());
        Job job = Job.submitted(
                new JobId("job_0"), wanted.identity(), wanted.spec(), "{}", wanted.warnings(), "local", Instant.EPOCH);
        return Answers.status(job.withState(state, Instant.EPOCH).withWish(wish, Instant.EPOCH));
    }

    private static JobState stopping(JobState.Then then) {
        return new JobState.Stopping(ATTEMPT, Optional.of(HANDLE), Optional.empty(), then, Optional.empty());
    }

    private static JobState done(Outcome outcome) {
        return new JobState.Done(outcome, Instant.EPOCH);
    }

    @Test
    void each_state_has_its_word_and_a_sentence() {
        var queued = new JobState.Queued(1, Instant.EPOCH, Reason.JUST_SUBMITTED);
        var crowded = new JobState.Queued(1, Instant.EPOCH, new Reason(Reason.Kind.SLOT, "2 jobs are ahead"));
        var granted = new JobState.Launching(ATTEMPT, Optional.empty(), Reason.STARTING);
        var launching = new JobState.Launching(ATTEMPT, Optional.of(HANDLE), Reason.STARTING);
        var pulling = new JobState.Launching(
                ATTEMPT, Optional.of(HANDLE), new Reason(Reason.Kind.IMAGE_PULL, "pulling the image"));
        assertEquals(new Status("submitted", "Job accepted for processing"), status(Wish.RUN, queued));
        assertEquals(
                new Status("submitted", "Job accepted for processing: 2 jobs are ahead"), status(Wish.RUN, crowded));
        assertEquals(new Status("submitted", "Job accepted for processing"), status(Wish.RUN, granted));
        assertEquals(new Status("submitted", "Job is being started"), status(Wish.RUN, launching));
        assertEquals(new Status("submitted", "Job is being started: pulling the image"), status(Wish.RUN, pulling));
        assertEquals(
                new Status("running", "Job is running"),
                status(Wish.RUN, new JobState.Running(ATTEMPT, HANDLE, Instant.EPOCH)));
        assertEquals(new Status("submitted", "Job is paused"), status(Wish.PAUSE, new JobState.Paused(2)));
        assertEquals(
                new Status("running", "Job is being paused"), status(Wish.PAUSE, stopping(new JobState.Then.Pause())));
        assertEquals(
                new Status("running", "Job is being started again: node lost"),
                status(Wish.RUN, stopping(new JobState.Then.Retry(Cause.NODE_LOST, "node lost"))));
        assertEquals(
                new Status("running", "Job is stopping: ran for too long"),
                status(
                        Wish.RUN,
                        stopping(new JobState.Then.Finish(new Outcome.Failed(Cause.DEADLINE, "ran for too long")))));
        assertEquals(new Status("succeeded", "Job completed"), status(Wish.RUN, done(new Outcome.Succeeded())));
        assertEquals(
                new Status("failed", "exit code 3"),
                status(Wish.RUN, done(new Outcome.Failed(Cause.EXIT_CODE, "exit code 3"))));
        assertEquals(new Status("cancelled", "Job cancelled"), status(Wish.CANCEL, done(new Outcome.Cancelled())));
        assertEquals(
                new Status("submitted", "Manifest rendered, nothing was started"),
                status(Wish.RUN, done(new Outcome.Rendered())));
    }

    @Test
    void a_cancelled_job_says_so_at_once_until_it_is_done() {
        var stopping = new Status("cancelled", "Job cancellation requested, stopping…");
        assertEquals(stopping, status(Wish.CANCEL, new JobState.Running(ATTEMPT, HANDLE, Instant.EPOCH)));
        assertEquals(stopping, status(Wish.DELETE, new JobState.Paused(2)));
        assertEquals(stopping, status(Wish.RUN, stopping(new JobState.Then.Finish(new Outcome.Cancelled()))));
        // It ended by itself before anybody could stop it.
        assertEquals(
                "succeeded", status(Wish.CANCEL, done(new Outcome.Succeeded())).word());
    }
}
