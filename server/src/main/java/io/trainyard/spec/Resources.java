package io.trainyard.spec;

import java.util.Optional;

/**
 * The machines an attempt asks for.
 *
 * @param gpus on each node; 0 is a CPU job
 * @param cpus on each node, whole cores
 * @param memoryGib on each node
 * @param processes on each node; absent means one a GPU
 */
public record Resources(
        int nodes, int gpus, Optional<String> gpuType, int cpus, int memoryGib, Optional<Integer> processes) {
    public Resources {
        if (nodes < 1 || gpus < 0 || cpus < 1 || memoryGib < 1)
            throw new IllegalArgumentException(
                    "nodes %d, gpus %d, cpus %d, memoryGib %d".formatted(nodes, gpus, cpus, memoryGib));
    }

    public int processesPerNode() {
        return processes.orElse(Math.max(1, gpus));
    }
}
