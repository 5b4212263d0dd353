package io.trainyard.store;

import java.nio.file.Path;
import java.time.InstantSource;
import java.util.concurrent.atomic.AtomicInteger;

/** The real store, which ends the process at a commit that it was told beforehand. */
public final class DeadlyStore {
    public static final String BEFORE_COMMIT = FaultPoints.BEFORE_COMMIT;
    public static final String AFTER_COMMIT = FaultPoints.AFTER_COMMIT;
    /** What the process ends with, as if it had been killed by SIGKILL. */
    public static final int STATUS = 137;

    private DeadlyStore() {}

    /** @param commits at which passing of that point it ends, counted from 1 */
    public static Store open(Path folder, InstantSource clock, String point, int commits) {
        var passed = new AtomicInteger();
        return SqliteStore.open(folder, clock, reached -> {
            // No shutdown hook, nothing flushed, nothing closed.
            if (reached.equals(point) && passed.incrementAndGet() == commits)
                Runtime.getRuntime().halt(STATUS);
        });
    }
}
