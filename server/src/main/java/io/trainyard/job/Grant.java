package io.trainyard.job;

import java.util.List;

/**
 * What an attempt was given, on every node of it; recorded with the attempt.
 *
 * @param gpus indices on this machine; empty on backends that place for themselves
 */
public record Grant(List<Integer> gpus, int cpus, long memoryBytes) {
    public static final Grant NOTHING = new Grant(List.of(), 0, 0);

    public Grant {
        gpus = List.copyOf(gpus);
    }
}
