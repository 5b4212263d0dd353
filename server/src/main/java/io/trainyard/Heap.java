package io.trainyard;

import java.lang.management.ManagementFactory;
import java.lang.management.MemoryNotificationInfo;
import java.lang.management.MemoryPoolMXBean;
import javax.management.NotificationEmitter;

/**
 * Keeps the heap near what is alive. The serial collector, which costs a request the least, lets the old generation grow to
 * the limit of the heap, a quarter of the machine, before it looks what of it is still used. With another collector nothing
 * is done.
 */
final class Heap {
    private static final String OLD = "Tenured Gen";
    /** A collection of so much takes about a tenth of a second, and comes seldom. */
    private static final long LEAST_BYTES = 96L << 20;

    private Heap() {}

    static void watch() {
        ManagementFactory.getMemoryPoolMXBeans().stream()
                .filter(pool -> pool.getName().equals(OLD) && pool.isUsageThresholdSupported())
                .findFirst()
                .ifPresent(Heap::watch);
    }

    private static void watch(MemoryPoolMXBean old) {
        old.setUsageThreshold(LEAST_BYTES);
        var memory = (NotificationEmitter) ManagementFactory.getMemoryMXBean();
        memory.addNotificationListener(
                (notification, _) -> {
                    if (!notification.getType().equals(MemoryNotificationInfo.MEMORY_THRESHOLD_EXCEEDED)) return;
                    System.gc();
                    long alive = old.getUsage().getUsed();
                    old.setUsageThreshold(Math.max(LEAST_BYTES, Math.min(2 * alive, limit(old))));
                },
                null,
                null);
    }

    /** Beyond it the collector begins by itself. */
    private static long limit(MemoryPoolMXBean old) {
        long max = old.getUsage().getMax();
        return max < 0 ? Long.MAX_VALUE : max;
    }
}
