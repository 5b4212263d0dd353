package io.trainyard.backend.kubernetes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.trainyard.LiveServer;
import io.trainyard.backend.attempts.Kind;
import io.trainyard.backend.attempts.OnCluster;
import io.trainyard.backend.attempts.Rights;
import io.trainyard.cluster.Cluster;
import io.trainyard.cluster.RealCluster;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Real: a job of the vision contract whose executor is Kubernetes. */
@RealCluster
class VisionJobsTest {
    private static final String JOBS = "/vision/api/v1/training/jobs";
    private static final String REQUEST = """
            {"job_id": 7, "framework": "timm", "task_type": "image_classification", "model_name": "resnet50",
             "dataset_path": "datasets/cats", "dataset_format": "imagefolder", "epochs": 3, "batch_size": 8,
             "learning_rate": 0.001}""";

    @TempDir
    Path home;

    @Test
    void it_becomes_a_job_that_reads_its_credentials_from_the_cluster(Cluster cluster) {
        String namespace = cluster.scriptedNamespace(Map.of());
        Rights.granted(cluster, namespace);
        try (var on = new OnCluster(
                home,
                cluster,
                cluster.namespace(),
                OnCluster.withoutOutput(
                        "K8S_TRAINING_NAMESPACE", namespace,
                        "DEFAULT_EXECUTOR", "kubernetes",
                        "DOCKER_REGISTRY", "registry.example/vision",
                        "TRAINER_IMAGE_VERSION", "v7",
                        "K8S_GPU_COUNT", "1",
                        "K8S_MEMORY_LIMIT", "8Gi",
                        "K8S_CPU_LIMIT", "2"))) {
            JsonNode job = on.server().post(JOBS, REQUEST).json();
            JsonNode started = on.server().post(JOBS + "/7/start", "{}").json();
            assertEquals("kubernetes", started.path("executor_type").asString(), job + "\n" + started);
            String id = started.path("execution_id").asString();
            // It does not stay: it ends soon, and goes with its end.
            var seen = new ArrayList<GenericKubernetesResource>();
            Cluster.until("its Job is there", () -> {
                seen.addAll(on.objects(Kind.JOB, id));
                return !seen.isEmpty();
            });
            Job made = LiveServer.JSON.convertValue(seen.getFirst(), Job.class);
            assertEquals(namespace, made.getMetadata().getNamespace());
            assertEquals("training-job", made.getMetadata().getLabels().get("app"));
            var container =
                    made.getSpec().getTemplate().getSpec().getContainers().getFirst();
            assertEquals(List.of("python", "train.py"), container.getCommand());
            assertTrue(container.getArgs().contains("--output_dir=/workspace/output"), container.toString());
            assertEquals("registry.example/vision/trainer-timm:v7", container.getImage());
            assertEquals(
                    Map.of("nvidia.com/gpu", new Quantity("1"), "memory", new Quantity("8Gi")),
                    container.getResources().getLimits());
            assertEquals(
                    new Quantity("2"), container.getResources().getRequests().get("cpu"));
            var variables = new HashMap<String, EnvVar>();
            for (EnvVar each : container.getEnv()) variables.put(each.getName(), each);
            var key = Objects.requireNonNull(variables.get("AWS_SECRET_ACCESS_KEY"))
                    .getValueFrom()
                    .getSecretKeyRef();
            assertEquals("r2-credentials/secret-key", key.getName() + "/" + key.getKey());
            assertTrue(key.getOptional());
            assertTrue(variables.containsKey("BACKEND_API_URL"));
            Cluster.until(
                    "it is over",
                    () -> on.server()
                            .get(JOBS + "/7")
                            .json()
                            .path("status")
                            .asString()
                            .equals("completed"));
        }
    }
}
