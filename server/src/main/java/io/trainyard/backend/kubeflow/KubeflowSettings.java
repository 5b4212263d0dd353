package io.trainyard.backend.kubeflow;

import io.trainyard.backend.pods.Depth;
import io.trainyard.backend.pods.PodDefaults;
import java.util.Optional;

/**
 * What the operator says of every PyTorchJob and TrainJob.
 *
 * @param namespace of jobs that name none
 * @param depth up to creating; short of that they are only rendered
 * @param trainJobVersion group and version of TrainJobs
 * @param dialect how TrainJobs are written where the cluster cannot be asked
 */
public record KubeflowSettings(
        String namespace, PodDefaults pods, Depth depth, String trainJobVersion, Optional<Dialect> dialect) {
    /** Whether there is a cluster that has a say. */
    boolean asksTheCluster() {
        return depth != Depth.RENDER;
    }

    static KubeflowSettings rendering(String namespace) {
        return new KubeflowSettings(
                namespace, PodDefaults.NONE, Depth.RENDER, "trainer.kubeflow.org/v1alpha1", Optional.empty());
    }
}
