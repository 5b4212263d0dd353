package io.trainyard.reconciler;

import io.trainyard.backend.Backend;
import io.trainyard.backend.Launch;
import io.trainyard.backend.Launched;
import io.trainyard.job.Attempt;
import io.trainyard.job.Event;
import io.trainyard.job.Job;
import io.trainyard.job.JobId;
import io.trainyard.job.JobState;
import io.trainyard.job.JobState.Launching;
import io.trainyard.job.JobState.Stopping;
import io.trainyard.job.Observation;
import io.trainyard.job.Observation.Ending;
import io.trainyard.job.Reason;
import io.trainyard.job.Rules;
import io.trainyard.job.Step;
import io.trainyard.job.Wish;
import io.trainyard.reconciler.Reconciler.Timing;
import io.trainyard.store.Jobs;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One look at one job: read it, see its attempt, ask the rules, do that one thing, write it down. Knows no threads, so
 * that a test or a simulation can step it by hand and cut it off anywhere.
 */
final class Stepper {
    /** What came of a step. */
    enum Result {
        /** Something was written: look again. */
        MOVED,
        /** Nothing to do until something changes. */
        RESTING,
        /** The backend could not be asked: look again at the next poll. */
        OUT_OF_SIGHT
    }

    private final Jobs jobs;
    private final Map<String, Backend> backends;
    private final Launches launches;
    private final Output output;
    private final InstantSource clock;
    private final Rules rules;

    Stepper(Jobs jobs, Map<String, Backend> backends, Launches launches, Output output, Timing timing) {
        this.jobs = jobs;
        this.backends = Map.copyOf(backends);
        this.launches = launches;
        this.output = output;
        this.clock = timing.clock();
        this.rules = new Rules(timing.backoff());
    }

    Result step(JobId id) {
        Optional<Job> found = jobs.find(id);
        if (found.isEmpty()) return Result.RESTING;
        Job job = found.get();
        if (job.state().ended()) return ended(job);
        Observation seen = look(job);
        Instant now = clock.instant();
        try {
            if (seen instanceof Observation.Active) output.follow(job);
            return switch (rules.next(job, seen, now)) {
                case Step.Rest _ -> seen instanceof Observation.Unreachable ? Result.OUT_OF_SIGHT : Result.RESTING;
                case Step.Become become -> become(job, seen, become);
                case Step.Launch launch -> launch(job, launch.attempt());
                case Step.Stop stop -> stop(job, stop);
            };
        } catch (Backend.Unreachable unreachable) {
            return Result.OUT_OF_SIGHT;
        }
    }

    /** Deleting is a step of its own, so that a crash after the end only delays it. */
    private Result ended(Job job) {
        if (job.wish() == Wish.DELETE) jobs.remove(job.id());
        return Result.RESTING;
    }

    private Observation look(Job job) {
        Optional<Attempt> attempt = job.state().liveAttempt();
        if (attempt.isEmpty()) return new Observation.Missing();
        try {
            return masked(
                    job,
                    backend(attempt.get()).observe(attempt.get(), job.state().liveHandle()));
        } catch (Backend.Unreachable unreachable) {
            return new Observation.Unreachable(String.valueOf(unreachable.getMessage()));
        }
    }

    private Observation masked(Job job, Observation seen) {
        if (!(seen instanceof Observation.Ended(Ending.Failure failure, Duration ran))) return seen;
        return new Observation.Ended(new Ending.Failure(failure.cause(), launches.masked(job, failure.detail())), ran);
    }

    private Backend backend(Attempt attempt) {
        Backend backend = backends.get(attempt.backend());
        if (backend == null)
            throw new Backend.Unreachable("backend " + attempt.backend() + " is no longer configured here");
        return backend;
    }

    private Result become(Job job, Observation seen, Step.Become become) {
        boolean attemptOver = job.state().liveAttempt().isPresent()
                && become.next().state().liveAttempt().isEmpty();
        // The end is told only when the last line can be read: logs that end too early are the oldest complaint.
        if (attemptOver && seen instanceof Observation.Ended) output.finish(job);
        if (!write(become)) return Result.MOVED;
        if (attemptOver) output.release(job);
        return Result.MOVED;
    }

    private Result launch(Job job, Attempt attempt) {
        if (!(job.state() instanceof Launching launching))
            throw new IllegalStateException("only a launching job is launched, not " + job.state());
        Launch launch = launches.of(job, attempt);
        Optional<String> next = nextBackend(job).filter(_ -> !Rules.mayBeTold(launching));
        if (next.isPresent()) {
            var telling = Rules.telling(job, launching, clock.instant());
            if (!write(telling)) return Result.MOVED;
            job = telling.next().withVersion(job.version() + 1);
        }
        Launched launched = told(job, launching, launch);
        Instant now = clock.instant();
        return switch (launched) {
            case Launched.Accepted accepted -> moved(Rules.launched(job, launching, accepted.handle(), now));
            case Launched.Refused refused -> moved(rules.refused(job, launching, refused.why(), now));
            case Launched.NotSent notSent ->
                next.isEmpty()
                        ? Result.OUT_OF_SIGHT
                        : moved(Rules.fallBack(job, launching, next.get(), notSent.why(), now));
        };
    }

    /**
     * Whoever waits for a backend that takes nothing now shall read why. Not where another backend may stand in: that
     * it was told stands in the reason then.
     */
    private Launched told(Job job, Launching launching, Launch launch) {
        try {
            return backend(launching.attempt()).launch(launch);
        } catch (Backend.Unreachable silent) {
            var why = new Reason(Reason.Kind.STARTING, launches.masked(job, String.valueOf(silent.getMessage())));
            boolean known = job.state() instanceof Launching now
                    && (Rules.mayBeTold(now) || now.reason().sameAs(why));
            if (!known) write(Rules.silent(job, launching, why, clock.instant()));
            throw silent;
        }
    }

    /** The one after the present backend in the job's own order, when the job allows falling back. */
    private static Optional<String> nextBackend(Job job) {
        List<String> order = job.spec().placement().backends();
        int next = order.indexOf(job.backend()) + 1;
        return job.spec().placement().fallback() && next > 0 && next < order.size()
                ? Optional.of(order.get(next))
                : Optional.empty();
    }

    private Result stop(Job job, Step.Stop stop) {
        if (!(job.state() instanceof Stopping stopping))
            throw new IllegalStateException("only a stopping job is stopped, not " + job.state());
        backend(stop.attempt()).stop(stop.attempt(), stop.handle(), stop.grace());
        return moved(Rules.asked(job, stopping, clock.instant()));
    }

    private Result moved(Step.Become become) {
        write(become);
        return Result.MOVED;
    }

    private boolean write(Step.Become become) {
        JobState state = become.next().state();
        return jobs.transition(
                become.next(),
                new Event(
                        become.next().id(),
                        0,
                        clock.instant(),
                        become.kind(),
                        state.liveAttempt().map(Attempt::number),
                        become.message()));
    }
}
