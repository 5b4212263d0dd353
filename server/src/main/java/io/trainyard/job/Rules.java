package io.trainyard.job;

import io.trainyard.job.JobState.Done;
import io.trainyard.job.JobState.Launching;
import io.trainyard.job.JobState.Paused;
import io.trainyard.job.JobState.Queued;
import io.trainyard.job.JobState.Running;
import io.trainyard.job.JobState.Stopping;
import io.trainyard.job.JobState.Then;
import io.trainyard.job.Observation.Active;
import io.trainyard.job.Observation.Ended;
import io.trainyard.job.Observation.Ending;
import io.trainyard.job.Observation.Missing;
import io.trainyard.job.Observation.Unreachable;
import io.trainyard.job.Observation.Waiting;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * The life cycle of a job as one pure function: what is written down and what is seen decide the one thing to do next.
 * The reconciler asks, does it, and asks again; it has no opinion of its own.
 *
 * <p>Three rules carry the rest. Unknown is not failed: {@code Unreachable} never moves a job. A recorded cancel
 * decides the outcome, whatever the exit says. Nothing is launched once a handle was known, so an attempt starts at
 * most once.
 *
 * <p>Long because every state meets every observation here, and nowhere else.
 */
public final class Rules {
    /** After a stop was accepted and the grace has passed, the backend is told again this much later. */
    static final Duration STOP_AGAIN_AFTER = Duration.ofSeconds(15);

    private final Backoff backoff;

    public Rules(Backoff backoff) {
        this.backoff = backoff;
    }

    /** @param seen what the backend sees of the live attempt; of no interest in states that have none */
    public Step next(Job job, Observation seen, Instant now) {
        return switch (job.state()) {
            case Queued queued -> queued(job, queued, now);
            case Launching launching -> launching(job, launching, seen, now);
            case Running running -> running(job, running, seen, now);
            case Stopping stopping -> stopping(job, stopping, seen, now);
            case Paused paused -> paused(job, paused, now);
            case Done _ -> new Step.Rest();
        };
    }

    /** The job with a slot: from here on the attempt exists. */
    public static Step.Become granted(Job job, Queued queued, Grant grant, Instant now) {
        var attempt = new Attempt(job.id(), queued.nextAttempt(), job.backend(), grant);
        var next = job.withState(new Launching(attempt, Optional.empty(), Reason.STARTING), now);
        return new Step.Become(next, Event.Kind.LAUNCHING, "attempt " + attempt.number() + " on " + attempt.backend());
    }

    /**
     * Written before a backend is told that another one could stand in for: from then on a create may be on its way,
     * whoever reads it cannot know, and falling back could have the job run twice.
     */
    public static Step.Become telling(Job job, Launching launching, Instant now) {
        var next = job.withState(new Launching(launching.attempt(), Optional.empty(), Reason.UNANSWERED), now);
        return new Step.Become(
                next, Event.Kind.LAUNCHING, "telling " + launching.attempt().backend() + " to start it");
    }

    /** The backend could not be told now, and this is why. */
    public static Step.Become silent(Job job, Launching launching, Reason why, Instant now) {
        var next = job.withState(new Launching(launching.attempt(), launching.handle(), why), now);
        return new Step.Become(next, Event.Kind.WAITING, why.sentence());
    }

    /** Whether an earlier look may have told the backend to start it. */
    public static boolean mayBeTold(Launching launching) {
        return launching.reason().kind() == Reason.Kind.UNANSWERED;
    }

    /** The backend accepted the attempt and this is how to find it. */
    public static Step.Become launched(Job job, Launching launching, Handle handle, Instant now) {
        var next = job.withState(new Launching(launching.attempt(), Optional.of(handle), Reason.STARTING), now);
        return new Step.Become(next, Event.Kind.LAUNCHING, "accepted as " + handle.kind() + " " + handle.name());
    }

    /** The backend refused for good; nothing was created. */
    public Step.Become refused(Job job, Launching launching, Ending.Failure why, Instant now) {
        return after(job, launching.attempt(), new Ended(why, Duration.ZERO), now);
    }

    /** The backend proved to be out of reach before anything was sent; the attempt moves on to another one. */
    public static Step.Become fallBack(Job job, Launching launching, String backend, String why, Instant now) {
        var next = job.withBackend(backend)
                .withState(new Queued(launching.attempt().number() + 1, now, Reason.JUST_SUBMITTED), now);
        return new Step.Become(
                next,
                Event.Kind.FALLBACK,
                launching.attempt().backend() + " is out of reach (" + why + "), going on with " + backend);
    }

    private static Step queued(Job job, Queued queued, Instant now) {
        return switch (job.wish()) {
            case RUN -> new Step.Rest();
            case PAUSE -> paused(job, queued.nextAttempt(), now);
            case CANCEL, DELETE -> done(job, new Outcome.Cancelled(), now);
        };
    }

    private static Step paused(Job job, Paused paused, Instant now) {
        return switch (job.wish()) {
            case RUN -> resumed(job, paused.nextAttempt(), now);
            case PAUSE -> new Step.Rest();
            case CANCEL, DELETE -> done(job, new Outcome.Cancelled(), now);
        };
    }

    private Step launching(Job job, Launching launching, Observation seen, Instant now) {
        var attempt = launching.attempt();
        if (seen instanceof Ended ended) return after(job, attempt, ended, now);
        if (job.wish() != Wish.RUN) return stop(job, attempt, launching.handle(), Optional.empty(), wished(job), now);
        return switch (seen) {
            case Missing _ ->
                launching.handle().isEmpty() ? new Step.Launch(attempt) : vanished(job, attempt, Duration.ZERO, now);
            case Waiting waiting -> waiting(job, launching, waiting, now);
            case Active active -> {
                var next = job.withState(new Running(attempt, active.handle(), active.since()), now);
                yield new Step.Become(next, Event.Kind.RUNNING, "running on " + attempt.backend());
            }
            case Ended ended -> after(job, attempt, ended, now);
            case Unreachable _ -> new Step.Rest();
        };
    }

    private static Step waiting(Job job, Launching launching, Waiting waiting, Instant now) {
        boolean known = launching.handle().isPresent();
        if (known && waiting.reason().sameAs(launching.reason())) return new Step.Rest();
        var next =
                job.withState(new Launching(launching.attempt(), Optional.of(waiting.handle()), waiting.reason()), now);
        return new Step.Become(next, Event.Kind.WAITING, waiting.reason().sentence());
    }

    private Step running(Job job, Running running, Observation seen, Instant now) {
        var attempt = running.attempt();
        if (seen instanceof Ended ended) return after(job, attempt, ended, now);
        if (job.wish() != Wish.RUN)
            return stop(job, attempt, Optional.of(running.handle()), Optional.of(running.since()), wished(job), now);
        return switch (seen) {
            case Missing _ -> vanished(job, attempt, between(running.since(), now), now);
            case Active active -> overdue(job, active) ? deadline(job, running, now) : new Step.Rest();
            case Ended ended -> after(job, attempt, ended, now);
            case Waiting waiting ->
                waiting.reason().heldBack() ? heldBack(job, attempt, waiting, now) : new Step.Rest();
            case Unreachable _ -> new Step.Rest();
        };
    }

    /** Not by us, so the same attempt begins again: when it gets machines, or is started again on those it has. */
    private static Step heldBack(Job job, Attempt attempt, Waiting waiting, Instant now) {
        var next = job.withState(new Launching(attempt, Optional.of(waiting.handle()), waiting.reason()), now);
        return new Step.Become(next, Event.Kind.WAITING, waiting.reason().sentence());
    }

    private static boolean overdue(Job job, Active active) {
        return job.spec()
                .policy()
                .maxDuration()
                .filter(limit -> job.ran().plus(active.elapsed()).compareTo(limit) >= 0)
                .isPresent();
    }

    private static Step deadline(Job job, Running running, Instant now) {
        long minutes = job.spec().policy().maxDuration().orElseThrow().toMinutes();
        var outcome = new Outcome.Failed(Cause.DEADLINE, "stopped at the time limit (" + minutes + " min)");
        return stop(
                job,
                running.attempt(),
                Optional.of(running.handle()),
                Optional.of(running.since()),
                new Then.Finish(outcome),
                now);
    }

    private Step stopping(Job job, Stopping stopping, Observation seen, Instant now) {
        var attempt = stopping.attempt();
        var tell = new Step.Stop(attempt, stopping.handle(), grace(job));
        return switch (seen) {
            case Ended ended -> stopped(job, stopping, Optional.of(ended), now);
            case Missing _ ->
                // Without a handle a launch may still be on its way: only an accepted stop rules that out.
                stopping.handle().isPresent() || stopping.asked().isPresent()
                        ? stopped(job, stopping, Optional.empty(), now)
                        : tell;
            case Active _, Waiting _ ->
                stopping.asked()
                                .filter(asked ->
                                        now.isBefore(asked.plus(grace(job)).plus(STOP_AGAIN_AFTER)))
                                .isPresent()
                        ? new Step.Rest()
                        : tell;
            case Unreachable _ -> stopping.asked().isPresent() ? new Step.Rest() : tell;
        };
    }

    /** The stop was accepted; recorded so that a silent backend is told again only after the grace. */
    public static Step.Become asked(Job job, Stopping stopping, Instant now) {
        var next = job.withState(
                new Stopping(
                        stopping.attempt(), stopping.handle(), stopping.since(), stopping.then(), Optional.of(now)),
                now);
        return new Step.Become(next, Event.Kind.STOPPING, "the backend was told to stop it");
    }

    private Step stopped(Job job, Stopping stopping, Optional<Ended> ended, Instant now) {
        Duration ran = ended.map(Ended::ran)
                .orElseGet(
                        () -> stopping.since().map(since -> between(since, now)).orElse(Duration.ZERO));
        Job counted = job.withCounts(job.ran().plus(ran), job.failures(), job.userFailures());
        if (job.wish().ends()) return done(counted, new Outcome.Cancelled(), now);
        // It came to its end by itself before it was told to stop: that is the truth, and it is worth more. Once told,
        // a program that saves its work and exits with 0 has not done what was asked of it.
        if (stopping.asked().isEmpty() && ended.isPresent() && ended.get().ending() instanceof Ending.Success)
            return done(counted, new Outcome.Succeeded(), now);
        int next = stopping.attempt().number() + 1;
        return switch (stopping.then()) {
            case Then.Finish finish -> done(counted, finish.outcome(), now);
            case Then.Pause _ -> job.wish() == Wish.PAUSE ? paused(counted, next, now) : resumed(counted, next, now);
            case Then.Retry retry ->
                after(job, stopping.attempt(), new Ended(new Ending.Failure(retry.cause(), retry.detail()), ran), now);
        };
    }

    /** An attempt is over: the job is done, or its next attempt waits. */
    private Step.Become after(Job job, Attempt attempt, Ended ended, Instant now) {
        Job counted = job.withCounts(job.ran().plus(ended.ran()), job.failures(), job.userFailures());
        if (job.wish().ends()) return done(counted, new Outcome.Cancelled(), now);
        return switch (ended.ending()) {
            case Ending.Success _ -> done(counted, new Outcome.Succeeded(), now);
            case Ending.Failure failure ->
                job.wish() == Wish.PAUSE
                        ? paused(counted, attempt.number() + 1, now)
                        : failed(counted, attempt, failure, ended.ran(), now);
        };
    }

    private Step.Become failed(Job job, Attempt attempt, Ending.Failure failure, Duration ran, Instant now) {
        var retry = Retry.after(job, attempt, failure.cause(), ran, backoff);
        Job counted = job.withCounts(job.ran(), retry.failures(), retry.userFailures());
        boolean overdue = job.spec()
                .policy()
                .maxDuration()
                .filter(limit -> job.ran().compareTo(limit) >= 0)
                .isPresent();
        if (retry.delay().isEmpty() || overdue)
            return done(counted, new Outcome.Failed(failure.cause(), failure.detail()), now);
        String message = "attempt %d failed (%s), the next starts in %d s"
                .formatted(
                        attempt.number(), failure.detail(), retry.delay().get().toSeconds());
        var reason = new Reason(Reason.Kind.RETRY, message);
        var queued = new Queued(attempt.number() + 1, now.plus(retry.delay().get()), reason);
        return new Step.Become(counted.withState(queued, now), Event.Kind.RETRYING, message);
    }

    private Step.Become vanished(Job job, Attempt attempt, Duration ran, Instant now) {
        var why = new Ending.Failure(Cause.VANISHED, "what the backend had started is gone");
        return after(job, attempt, new Ended(why, ran), now);
    }

    private static Step.Become stop(
            Job job, Attempt attempt, Optional<Handle> handle, Optional<Instant> since, Then then, Instant now) {
        String why = switch (then) {
            case Then.Finish(Outcome.Failed failed) -> failed.detail();
            case Then.Finish _ -> "stopping…";
            case Then.Pause _ -> "pausing…";
            case Then.Retry retry -> retry.detail();
        };
        var next = job.withState(new Stopping(attempt, handle, since, then, Optional.empty()), now);
        return new Step.Become(next, Event.Kind.STOPPING, why);
    }

    private static Then wished(Job job) {
        return job.wish() == Wish.PAUSE ? new Then.Pause() : new Then.Finish(new Outcome.Cancelled());
    }

    private static Step.Become paused(Job job, int nextAttempt, Instant now) {
        return new Step.Become(job.withState(new Paused(nextAttempt), now), Event.Kind.PAUSED, "paused");
    }

    private static Step.Become resumed(Job job, int nextAttempt, Instant now) {
        var queued = new Queued(nextAttempt, now, Reason.JUST_SUBMITTED);
        return new Step.Become(job.withState(queued, now), Event.Kind.QUEUED, "resumed");
    }

    private static Step.Become done(Job job, Outcome outcome, Instant now) {
        Job next = job.withState(new Done(outcome, now), now);
        return switch (outcome) {
            case Outcome.Succeeded _ -> new Step.Become(next, Event.Kind.SUCCEEDED, "succeeded");
            case Outcome.Failed failed -> new Step.Become(next, Event.Kind.FAILED, failed.detail());
            case Outcome.Cancelled _ -> new Step.Become(next, Event.Kind.CANCELLED, "cancelled");
            case Outcome.Rendered _ -> new Step.Become(next, Event.Kind.RENDERED, "rendered, not started");
        };
    }

    private static Duration grace(Job job) {
        return job.spec().policy().grace().orElse(DEFAULT_GRACE);
    }

    /** Between asking an attempt to stop and killing it, where the job says nothing else. */
    public static final Duration DEFAULT_GRACE = Duration.ofSeconds(30);

    private static Duration between(Instant from, Instant to) {
        return to.isBefore(from) ? Duration.ZERO : Duration.between(from, to);
    }
}
