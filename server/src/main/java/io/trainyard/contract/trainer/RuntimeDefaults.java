package io.trainyard.contract.trainer;

import java.util.Optional;

/**
 * What a TrainJob runs under where the request does not say.
 *
 * @param name of the runtime; absent means each service's own
 * @param apiVersion of the TrainJob, group and version
 */
public record RuntimeDefaults(Optional<String> name, String kind, String apiGroup, String apiVersion) {
    static final RuntimeDefaults PUBLISHED = new RuntimeDefaults(
            Optional.empty(), "ClusterTrainingRuntime", "trainer.kubeflow.org", "trainer.kubeflow.org/v1alpha1");
}
