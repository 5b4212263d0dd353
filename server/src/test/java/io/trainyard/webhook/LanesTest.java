package io.trainyard.webhook;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Instant;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class LanesTest {
    private final AtomicReference<Instant> now = new AtomicReference<>(Instant.parse("2026-01-01T12:00:00Z"));
    private final Lanes lanes = new Lanes(now::get);
    private final Semaphore started = new Semaphore(0);
    private final Semaphore end = new Semaphore(0);
    private final Semaphore ended = new Semaphore(0);
    private final AtomicInteger running = new AtomicInteger();
    private final AtomicInteger most = new AtomicInteger();

    private void hang(Lanes.Slot slot) {
        most.accumulateAndGet(running.incrementAndGet(), Math::max);
        slot.onGivingWay(end::release);
        started.release();
        end.acquireUninterruptibly();
        running.decrementAndGet();
        ended.release();
    }

    private static boolean within(Semaphore semaphore, int permits) throws InterruptedException {
        return semaphore.tryAcquire(permits, 20, TimeUnit.SECONDS);
    }

    @Test
    void so_many_run_at_a_time_for_a_host_and_no_more() throws InterruptedException {
        for (int i = 0; i < 100; i++) lanes.submit("http://a", false, this::hang);
        assertTrue(within(started, Lanes.IN_FLIGHT_PER_HOST));
        assertEquals(0, started.availablePermits());
        end.release(100);
        assertTrue(within(ended, 100));
        assertEquals(Lanes.IN_FLIGHT_PER_HOST, most.get());
    }

    @Test
    void another_host_does_not_wait() throws InterruptedException {
        for (int i = 0; i < 100; i++) lanes.submit("http://a", false, this::hang);
        var reached = new CountDownLatch(1);
        lanes.submit("http://b", false, _ -> reached.countDown());
        assertTrue(reached.await(20, TimeUnit.SECONDS));
        end.release(100);
    }

    @Test
    void slow_receivers_leave_slots_to_those_that_answer() throws InterruptedException {
        var answered = new CountDownLatch(1);
        lanes.submit("http://a", true, this::hang);
        lanes.submit("http://a", false, _ -> answered.countDown());
        assertTrue(answered.await(20, TimeUnit.SECONDS));
        for (int i = 0; i < 50; i++) lanes.submit("http://a", true, this::hang);
        assertTrue(within(started, Lanes.SLOW_IN_FLIGHT_PER_HOST));
        assertEquals(0, started.availablePermits());
        var reached = new CountDownLatch(200);
        for (int i = 0; i < 200; i++) lanes.submit("http://a", false, _ -> reached.countDown());
        assertTrue(reached.await(20, TimeUnit.SECONDS));
        end.release(51);
        assertTrue(within(ended, 51), "the slow ones come too");
    }

    @Test
    void where_all_are_slow_they_have_the_host_to_themselves_until_somebody_who_answers_waits() throws Exception {
        for (int i = 0; i < 50; i++) lanes.submit("http://a", true, this::hang);
        assertTrue(within(started, Lanes.IN_FLIGHT_PER_HOST));
        now.set(now.get().plus(Lanes.PATIENCE).plusMillis(1));
        var reached = new CountDownLatch(100);
        for (int i = 0; i < 100; i++) lanes.submit("http://a", false, _ -> reached.countDown());
        assertTrue(reached.await(20, TimeUnit.SECONDS));
        assertTrue(running.get() >= Lanes.SLOW_IN_FLIGHT_PER_HOST - 1, running + " go on");
        end.release(50);
    }

    @Test
    void who_does_not_answer_gives_way_to_those_who_wait_but_only_then() throws InterruptedException {
        for (int i = 0; i < Lanes.IN_FLIGHT_PER_HOST; i++) lanes.submit("http://a", false, this::hang);
        assertTrue(within(started, Lanes.IN_FLIGHT_PER_HOST));
        now.set(now.get().plus(Lanes.PATIENCE).plusMillis(1));
        lanes.relieve();
        assertEquals(Lanes.IN_FLIGHT_PER_HOST, running.get());
        var reached = new CountDownLatch(1);
        lanes.submit("http://a", false, _ -> reached.countDown());
        assertTrue(reached.await(20, TimeUnit.SECONDS));
        assertTrue(within(ended, 1));
        assertEquals(Lanes.IN_FLIGHT_PER_HOST - 1, running.get(), "no more give way than wait");
        end.release(Lanes.IN_FLIGHT_PER_HOST);
    }

    @Test
    void work_that_throws_frees_its_slot() throws InterruptedException {
        var reached = new CountDownLatch(1);
        for (int i = 0; i < 5 * Lanes.IN_FLIGHT_PER_HOST; i++)
            lanes.submit("http://a", false, _ -> {
                throw new IllegalStateException("on purpose");
            });
        lanes.submit("http://a", false, _ -> reached.countDown());
        assertTrue(reached.await(20, TimeUnit.SECONDS));
    }
}
