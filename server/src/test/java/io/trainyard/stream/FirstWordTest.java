package io.trainyard.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.job.Attempt;
import io.trainyard.job.Cause;
import io.trainyard.job.Event;
import io.trainyard.job.Grant;
import io.trainyard.job.Job;
import io.trainyard.job.JobState;
import io.trainyard.job.Outcome;
import io.trainyard.job.Reason;
import io.trainyard.job.SomeJob;
import io.trainyard.store.Jobs;
import io.trainyard.store.MemoryStore;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class FirstWordTest {
    private final MemoryStore store = new MemoryStore(() -> SomeJob.NOON);
    private final FirstWord firstWord = new FirstWord(store);
    private final Job job = create(SomeJob.PLAIN.on("kubernetes").queued());
    private final Attempt attempt = new Attempt(job.id(), 1, "kubernetes", Grant.NOTHING);

    private Job create(Job wanted) {
        var submitted = Event.of(wanted, Event.Kind.SUBMITTED, "submitted", SomeJob.NOON);
        store.jobs().create(new Jobs.NewJob(wanted, submitted, Map.of(), new byte[0], Optional.empty()));
        return store.jobs().find(wanted.id()).orElseThrow();
    }

    private Job move(Job from, JobState to, Event.Kind kind) {
        Job next = from.withState(to, SomeJob.NOON);
        assertTrue(store.jobs().transition(next, Event.of(next, kind, "", SomeJob.NOON)));
        return store.jobs().find(from.id()).orElseThrow();
    }

    @Test
    void everybody_who_asks_is_answered_when_the_object_is_there() throws InterruptedException {
        long began = System.nanoTime();
        List<Thread> asking = IntStream.range(0, 8)
                .mapToObj(_ -> Thread.ofVirtual()
                        .unstarted(
                                () -> assertEquals(Optional.of(SomeJob.HANDLE), FirstWord.created(firstWord.of(job)))))
                .toList();
        asking.forEach(Thread::start);
        Job launching =
                move(job, new JobState.Launching(attempt, Optional.empty(), Reason.STARTING), Event.Kind.LAUNCHING);
        move(
                launching,
                new JobState.Launching(attempt, Optional.of(SomeJob.HANDLE), Reason.STARTING),
                Event.Kind.LAUNCHING);
        for (Thread each : asking) each.join();
        long millis = Duration.ofNanos(System.nanoTime() - began).toMillis();
        assertTrue(millis < 1500, millis + " ms");
    }

    @Test
    void a_refusal_is_told_with_its_reason_and_a_later_failure_is_none() {
        Job launching =
                move(job, new JobState.Launching(attempt, Optional.empty(), Reason.STARTING), Event.Kind.LAUNCHING);
        move(
                launching,
                new JobState.Done(new Outcome.Failed(Cause.REFUSED, "not here"), SomeJob.NOON),
                Event.Kind.FAILED);
        assertEquals(Optional.of("not here"), firstWord.refusal(firstWord.of(job)));

        Job ran = create(SomeJob.PLAIN.on("kubernetes").queued());
        var second = new Attempt(ran.id(), 1, "kubernetes", Grant.NOTHING);
        Job running = move(ran, new JobState.Running(second, SomeJob.HANDLE, SomeJob.NOON), Event.Kind.RUNNING);
        Job failed = move(
                running,
                new JobState.Done(new Outcome.Failed(Cause.EXIT_CODE, "exited"), SomeJob.NOON),
                Event.Kind.FAILED);
        assertEquals(Optional.empty(), firstWord.refusal(failed));
    }

    @Test
    void who_says_nothing_is_waited_for_a_moment_and_whoever_nobody_waits_for_not_at_all() {
        long began = System.nanoTime();
        Job elsewhere = create(SomeJob.PLAIN.on("local").queued());
        assertSame(elsewhere, firstWord.of(elsewhere));
        assertTrue(System.nanoTime() - began < Duration.ofSeconds(1).toNanos());
        assertEquals(Optional.empty(), FirstWord.created(firstWord.of(job)));
        long waited = System.nanoTime() - began;
        assertTrue(waited > Duration.ofMillis(1900).toNanos(), waited + " ns");
    }
}
