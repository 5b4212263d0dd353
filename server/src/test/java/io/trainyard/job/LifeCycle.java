package io.trainyard.job;

import static io.trainyard.job.SomeJob.HANDLE;
import static io.trainyard.job.SomeJob.NOON;

import io.trainyard.job.JobState.Then;
import io.trainyard.job.Observation.Ending;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** One of everything the rules can meet, by the name it has in the table. */
final class LifeCycle {
    private LifeCycle() {}

    static final Job JOB = SomeJob.PLAIN.queued();
    static final Attempt ATTEMPT = new Attempt(JOB.id(), 1, "simulated", Grant.NOTHING);
    private static final Optional<Handle> KNOWN = Optional.of(HANDLE);

    static Map<String, Then> thens() {
        var thens = new LinkedHashMap<String, Then>();
        thens.put("finish cancelled", new Then.Finish(new Outcome.Cancelled()));
        thens.put("finish failed", new Then.Finish(new Outcome.Failed(Cause.DEADLINE, "too long")));
        thens.put("pause", new Then.Pause());
        thens.put("retry", new Then.Retry(Cause.NODE_LOST, "the node is gone"));
        return thens;
    }

    static Map<String, JobState> states() {
        var states = new LinkedHashMap<String, JobState>();
        states.put("queued", new JobState.Queued(1, NOON, Reason.JUST_SUBMITTED));
        states.put("launching, unheard", new JobState.Launching(ATTEMPT, Optional.empty(), Reason.STARTING));
        states.put("launching, accepted", new JobState.Launching(ATTEMPT, KNOWN, Reason.STARTING));
        states.put("running", new JobState.Running(ATTEMPT, HANDLE, NOON));
        thens().forEach((name, then) -> {
            var since = Optional.of(NOON);
            states.put(
                    "stopping, unheard, then " + name,
                    new JobState.Stopping(ATTEMPT, Optional.empty(), Optional.empty(), then, Optional.empty()));
            states.put(
                    "stopping, unheard, told, then " + name,
                    new JobState.Stopping(ATTEMPT, Optional.empty(), Optional.empty(), then, Optional.of(NOON)));
            states.put("stopping, then " + name, new JobState.Stopping(ATTEMPT, KNOWN, since, then, Optional.empty()));
            states.put(
                    "stopping, told, then " + name,
                    new JobState.Stopping(ATTEMPT, KNOWN, since, then, Optional.of(NOON)));
        });
        states.put("paused", new JobState.Paused(2));
        for (Outcome outcome : outcomes())
            states.put("done, " + word(new JobState.Done(outcome, NOON)), new JobState.Done(outcome, NOON));
        return states;
    }

    static List<Outcome> outcomes() {
        return List.of(
                new Outcome.Succeeded(),
                new Outcome.Failed(Cause.EXIT_CODE, "exit 1"),
                new Outcome.Cancelled(),
                new Outcome.Rendered());
    }

    static Map<String, Observation> observations() {
        var seen = new LinkedHashMap<String, Observation>();
        seen.put("missing", new Observation.Missing());
        seen.put("waiting", new Observation.Waiting(HANDLE, new Reason(Reason.Kind.IMAGE_PULL, "pulling")));
        seen.put("held back", new Observation.Waiting(HANDLE, new Reason(Reason.Kind.QUEUE, "position 2")));
        seen.put("active", new Observation.Active(HANDLE, NOON, Duration.ofSeconds(5)));
        seen.put("success", ended(new Ending.Success()));
        seen.put("user failure", ended(new Ending.Failure(Cause.EXIT_CODE, "exit 1")));
        seen.put("infrastructure", ended(new Ending.Failure(Cause.NODE_LOST, "the node is gone")));
        seen.put("unreachable", new Observation.Unreachable("nobody answers"));
        return seen;
    }

    static Observation.Ended ended(Ending ending) {
        return new Observation.Ended(ending, Duration.ofSeconds(5));
    }

    /** A step in the words of the table. */
    static String word(Step step) {
        return switch (step) {
            case Step.Rest _ -> "rest";
            case Step.Launch _ -> "launch";
            case Step.Stop _ -> "tell stop";
            case Step.Become become -> "→ " + word(become.next().state());
        };
    }

    static String word(JobState state) {
        return switch (state) {
            case JobState.Queued queued -> queued.reason().kind() == Reason.Kind.RETRY ? "retry" : "queued";
            case JobState.Launching _ -> "launching";
            case JobState.Running _ -> "running";
            case JobState.Stopping stopping ->
                switch (stopping.then()) {
                    case Then.Finish _ -> "stopping";
                    case Then.Pause _ -> "pausing";
                    case Then.Retry _ -> "restarting";
                };
            case JobState.Paused _ -> "paused";
            case JobState.Done done ->
                switch (done.outcome()) {
                    case Outcome.Succeeded _ -> "succeeded";
                    case Outcome.Failed _ -> "failed";
                    case Outcome.Cancelled _ -> "cancelled";
                    case Outcome.Rendered _ -> "rendered";
                };
        };
    }

    /** The records at the leaves of a sealed type: what there is to be met. */
    static Set<String> alternatives(Class<?> sealed) {
        var names = new TreeSet<String>();
        for (Class<?> permitted : sealed.getPermittedSubclasses())
            if (permitted.isSealed()) names.addAll(alternatives(permitted));
            else names.add(permitted.getSimpleName());
        return names;
    }

    static Set<String> met(Iterable<?> values) {
        var names = new TreeSet<String>();
        for (Object value : values) names.add(value.getClass().getSimpleName());
        return names;
    }

    static List<Ending> endings() {
        var endings = new ArrayList<Ending>();
        for (Observation seen : observations().values())
            if (seen instanceof Observation.Ended ended) endings.add(ended.ending());
        return endings;
    }
}
