package io.trainyard.contract.trainer;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.trainyard.LiveServer;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainerSettingsTest {
    @TempDir
    Path home;

    @Test
    void the_published_variables_name_what_a_train_job_runs_under() {
        var environment = Map.of(
                "TRAINER_JOB_RUNNER", "mock",
                "TRAINER_RUNTIME_NAME", "our-runtime",
                "TRAINER_RUNTIME_KIND", "TrainingRuntime",
                "TRAINER_TRAINJOB_API_VERSION", "trainer.kubeflow.org/v2alpha1");
        try (var server = LiveServer.withEnvironment(home, environment)) {
            var shown = server.post(
                            "/hf-unsloth/train", TrainerBodies.smallest().toString())
                    .json()
                    .at("/metadata/job_spec/train_job");
            assertEquals(
                    "trainer.kubeflow.org/v2alpha1", shown.path("apiVersion").stringValue());
            assertEquals(
                    "{\"name\":\"our-runtime\",\"kind\":\"TrainingRuntime\",\"apiGroup\":\"trainer.kubeflow.org\"}",
                    shown.at("/spec/runtimeRef").toString());
        }
    }
}
