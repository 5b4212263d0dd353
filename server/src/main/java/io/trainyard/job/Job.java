package io.trainyard.job;

import io.trainyard.spec.JobSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What somebody asked for, and where it stands.
 *
 * @param backend where its next or present attempt belongs
 * @param request the client's request as it came, after defaults, secrets masked: what its contract renders answers from
 * @param version counts the writes; a write is guarded by the version it read
 * @param ran running time of attempts that ended
 * @param failures attempts lost to infrastructure since the last long run
 * @param userFailures attempts lost to the job itself
 */
public record Job(
        JobId id,
        Identity identity,
        JobSpec spec,
        String request,
        List<String> warnings,
        String backend,
        Wish wish,
        JobState state,
        long version,
        Instant created,
        Instant updated,
        Duration ran,
        int failures,
        int userFailures,
        Optional<JobId> retryOf) {

    public Job {
        warnings = List.copyOf(warnings);
    }

    /** A job just asked for, waiting for its turn. */
    public static Job submitted(
            JobId id,
            Identity identity,
            JobSpec spec,
            String request,
            List<String> warnings,
            String backend,
            Instant now) {
        return new Job(
                id,
                identity,
                spec,
                request,
                warnings,
                backend,
                Wish.RUN,
                new JobState.Queued(1, now, Reason.JUST_SUBMITTED),
                0,
                now,
                now,
                Duration.ZERO,
                0,
                0,
                Optional.empty());
    }

    public Job withState(JobState next, Instant now) {
        return changed(backend, wish, next, version, now, ran, failures, userFailures);
    }

    public Job withWish(Wish next, Instant now) {
        return changed(backend, next, state, version, now, ran, failures, userFailures);
    }

    public Job withBackend(String next) {
        return changed(next, wish, state, version, updated, ran, failures, userFailures);
    }

    public Job withVersion(long next) {
        return changed(backend, wish, state, next, updated, ran, failures, userFailures);
    }

    /** What an ended attempt leaves behind. */
    public Job withCounts(Duration totalRan, int infrastructure, int user) {
        return changed(backend, wish, state, version, updated, totalRan, infrastructure, user);
    }

    /** All that changes about a job; the rest was asked for once. */
    private Job changed(
            String nextBackend,
            Wish nextWish,
            JobState nextState,
            long nextVersion,
            Instant now,
            Duration totalRan,
            int infrastructure,
            int user) {
        return new Job(
                id,
                identity,
                spec,
                request,
                warnings,
                nextBackend,
                nextWish,
                nextState,
                nextVersion,
                created,
                now,
                totalRan,
                infrastructure,
                user,
                retryOf);
    }

    /** The same job as the successor of a finished one under the same client id. */
    public Job asRetryOf(Job finished) {
        return new Job(
                id,
                identity.withGeneration(finished.identity.generation() + 1),
                spec,
                request,
                warnings,
                backend,
                wish,
                state,
                version,
                created,
                updated,
                ran,
                failures,
                userFailures,
                Optional.of(finished.id));
    }
}
