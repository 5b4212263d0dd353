package io.trainyard.contract.vision;

import java.util.Optional;
import java.util.function.Supplier;

/**
 * What the operator decides for this contract.
 *
 * @param standard where jobs run that do not say
 * @param fallback whether jobs go on as processes when Kubernetes takes none
 * @param process the backend that runs the processes
 * @param internalToken what trainers show when they call back; without one they cannot
 * @param address by which jobs reach this server, once it is known
 */
public record VisionSettings(
        Executor standard,
        boolean fallback,
        Processes process,
        Cluster cluster,
        Machine machine,
        Optional<String> internalToken,
        Supplier<Optional<String>> address) {
    /** @param script whether the operator named a training script that takes the published flags */
    public record Processes(String backend, boolean script) {
        boolean simulated() {
            return backend.equals("simulated");
        }
    }

    /** Images are {@code registry/trainer-framework:version}. */
    public record Cluster(String namespace, String registry, String imageVersion) {}

    /** What a job asks for that names no resources. */
    public record Machine(int gpus, String memory, int cpus) {}

    /** The token stays out of logs. */
    @Override
    public String toString() {
        return "VisionSettings[" + standard + "]";
    }
}
