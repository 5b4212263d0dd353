package io.trainyard.reconciler;

import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/** Wakes the one who hands out slots, and tells it whether anything but arrivals has happened since. */
final class Bell {
    private final Semaphore rings = new Semaphore(0);
    private final AtomicBoolean changed = new AtomicBoolean();

    /** A job has come. */
    void arrival() {
        rings.release();
    }

    /** A slot may have become free, or a waiting job another wish. */
    void change() {
        changed.set(true);
        rings.release();
    }

    /** @return whether jobs have come and nothing else, as far as is known */
    boolean onlyArrivalsWithin(long millis) throws InterruptedException {
        boolean rung = rings.tryAcquire(millis, TimeUnit.MILLISECONDS);
        rings.drainPermits();
        // Taken before the look that follows: what changes during that rings once more.
        return !changed.getAndSet(false) && rung;
    }
}
