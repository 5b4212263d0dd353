package io.trainyard;

import io.trainyard.contract.trainer.RuntimeDefaults;

/** The settings of the trainer contract. */
final class TrainerConfiguration {
    private final Configuration all;

    TrainerConfiguration(Configuration all) {
        this.all = all;
    }

    RuntimeDefaults settings() {
        String apiVersion = all.text(Setting.TRAINJOB_API_VERSION);
        if (!apiVersion.matches("[a-z0-9.-]+/v[a-z0-9]+"))
            throw all.nonsense(
                    Setting.TRAINJOB_API_VERSION, "a group and a version, such as trainer.kubeflow.org/v1alpha1");
        return new RuntimeDefaults(
                all.some(Setting.RUNTIME_NAME), kind(), all.text(Setting.RUNTIME_API_GROUP), apiVersion);
    }

    private String kind() {
        return switch (all.text(Setting.RUNTIME_KIND)) {
            case "ClusterTrainingRuntime", "TrainingRuntime" -> all.text(Setting.RUNTIME_KIND);
            default -> throw all.nonsense(Setting.RUNTIME_KIND, "ClusterTrainingRuntime or TrainingRuntime");
        };
    }
}
