package io.trainyard.stream;

import io.trainyard.job.Attempt;
import io.trainyard.job.Handle;
import io.trainyard.job.Job;
import io.trainyard.job.JobId;
import io.trainyard.job.JobState;
import io.trainyard.job.Outcome;
import io.trainyard.job.Reason;
import io.trainyard.store.Store;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Waits a moment for the first word of a backend on a new job, so that the answer to its request says what is true: that
 * it was created, was refused, or is only recorded yet.
 */
public final class FirstWord {
    /** Clients of what used to create the object within their request wait this long at most. */
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    private static final Set<String> CLUSTERS = Set.of("kubernetes", "kubeflow");

    private final Store store;
    private final Map<JobId, CountDownLatch> bells = new ConcurrentHashMap<>();

    public FirstWord(Store store) {
        this.store = store;
        store.subscribe(change -> ring(change.job()));
    }

    private void ring(JobId job) {
        CountDownLatch bell = bells.remove(job);
        if (bell != null) bell.countDown();
    }

    /** Whether it becomes an object on a cluster; every other job is answered as it stands. */
    public static boolean isAwaitedOf(Job job) {
        return CLUSTERS.contains(job.backend());
    }

    /** The job as it stands when its backend has spoken, or when patience is over. */
    public Job of(Job job) {
        if (!isAwaitedOf(job)) return job;
        long end = System.nanoTime() + PATIENCE.toNanos();
        Job seen = job;
        while (isSilent(seen.state())) {
            // The bell is hung up before the look, so that what is written after it rings.
            CountDownLatch bell = bells.computeIfAbsent(job.id(), _ -> new CountDownLatch(1));
            seen = store.jobs().find(job.id()).orElse(seen);
            if (isSilent(seen.state()) && !rings(bell, end - System.nanoTime())) break;
        }
        // Whoever waits with this bell looks once more and hangs up another.
        ring(job.id());
        return seen;
    }

    private static boolean rings(CountDownLatch bell, long nanos) {
        try {
            return bell.await(nanos, TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private static boolean isSilent(JobState state) {
        return switch (state) {
            case JobState.Queued queued ->
                queued.nextAttempt() == 1 && queued.reason().equals(Reason.JUST_SUBMITTED);
            case JobState.Launching launching ->
                launching.attempt().number() == 1 && launching.handle().isEmpty();
            case JobState.Running _, JobState.Stopping _, JobState.Paused _, JobState.Done _ -> false;
        };
    }

    /** What the first attempt became, while it waits to run or runs. */
    public static Optional<Handle> created(Job job) {
        return switch (job.state()) {
            case JobState.Launching(Attempt attempt, Optional<Handle> handle, Reason _)
            when attempt.number() == 1 && isAwaitedOf(job) -> handle;
            case JobState.Running(Attempt attempt, Handle handle, Instant _)
            when attempt.number() == 1 && isAwaitedOf(job) -> Optional.of(handle);
            case JobState.Launching _,
                    JobState.Running _,
                    JobState.Queued _,
                    JobState.Stopping _,
                    JobState.Paused _,
                    JobState.Done _ -> Optional.empty();
        };
    }

    /** Why the backend refused it, with nothing created. */
    public Optional<String> refusal(Job job) {
        if (!(job.state() instanceof JobState.Done(Outcome.Failed failed, Instant _)) || !isAwaitedOf(job))
            return Optional.empty();
        boolean made = store.jobs().attempts(job.id()).stream()
                .anyMatch(attempt -> attempt.handle().isPresent());
        return made ? Optional.empty() : Optional.of(failed.detail());
    }
}
