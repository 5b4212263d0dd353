package io.trainyard.contract.studio;

import io.trainyard.job.Cause;
import io.trainyard.job.Job;
import io.trainyard.job.JobState;
import io.trainyard.job.JobState.Then;
import io.trainyard.job.Outcome;
import java.time.Instant;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where a job stands, in this contract's words.
 *
 * @param finished set once nothing more will happen; a cancel shows before that
 */
record Status(String word, Optional<Instant> finished, Optional<Integer> exitCode, Optional<String> error) {
    private static final Pattern EXIT = Pattern.compile("exited with code (\\d+)(?::.*)?", Pattern.DOTALL);

    /** @param process whether the job is a process with an exit code of its own */
    static Status of(Job job, boolean process) {
        boolean ended = job.state() instanceof JobState.Done;
        return !ended && job.wish().ends() ? word("cancelled") : of(job.state(), process);
    }

    private static Status of(JobState state, boolean process) {
        return switch (state) {
            case JobState.Queued _, JobState.Paused _ -> word("queued");
            // A process is there or not: nobody takes a submission.
            case JobState.Launching launching ->
                word(process ? "queued" : launching.handle().isEmpty() ? "submitting" : "submitted");
            case JobState.Running _ -> word("running");
            case JobState.Stopping stopping -> word(stopping(stopping.then()));
            case JobState.Done done -> done(done, process);
        };
    }

    private static String stopping(Then then) {
        return switch (then) {
            case Then.Finish(Outcome.Cancelled _) -> "cancelled";
            case Then.Finish _, Then.Pause _, Then.Retry _ -> "running";
        };
    }

    private static Status done(JobState.Done done, boolean process) {
        var at = Optional.of(done.at());
        return switch (done.outcome()) {
            case Outcome.Succeeded _ ->
                new Status("succeeded", at, process ? Optional.of(0) : Optional.empty(), Optional.empty());
            case Outcome.Failed failed -> failed(failed, at, process);
            case Outcome.Cancelled _ -> new Status("cancelled", at, Optional.empty(), Optional.empty());
            // A dry run is never more than submitted, and so never finished.
            case Outcome.Rendered _ -> word("submitted");
        };
    }

    private static Status failed(Outcome.Failed failed, Optional<Instant> at, boolean process) {
        Matcher exit = EXIT.matcher(failed.detail());
        if (process && failed.cause() == Cause.EXIT_CODE && exit.matches())
            return new Status(
                    "failed",
                    at,
                    Optional.of(Integer.valueOf(exit.group(1))),
                    Optional.of("Training process exited with code " + exit.group(1)));
        return new Status(
                "failed",
                at,
                Optional.empty(),
                Optional.of(failed.detail().isEmpty() ? "the job failed" : failed.detail()));
    }

    private static Status word(String word) {
        return new Status(word, Optional.empty(), Optional.empty(), Optional.empty());
    }
}
