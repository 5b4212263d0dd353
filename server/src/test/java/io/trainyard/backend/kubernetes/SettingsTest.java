package io.trainyard.backend.kubernetes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ServiceAccountBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.JobSpec;
import io.trainyard.backend.attempts.Kind;
import io.trainyard.backend.attempts.OnCluster;
import io.trainyard.backend.attempts.Rights;
import io.trainyard.cluster.Cluster;
import io.trainyard.cluster.RealCluster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Real: what an operator sets by variables is what the cluster gets, of each kind. */
@RealCluster
class SettingsTest {
    private static final String NOWHERE = "tests.trainyard.io/nowhere";
    private static final String[] OF_PODS = OnCluster.withoutOutput(
            "K8S_TRAINING_IMAGE", "registry.example/trainer:7",
            "K8S_SERVICE_ACCOUNT", "trainer-account",
            "K8S_NODE_SELECTOR_JSON", "{\"" + NOWHERE + "\": \"yes\"}",
            "K8S_TOLERATIONS_JSON", "[{\"key\": \"tests.trainyard.io/tainted\", \"operator\": \"Exists\"}]",
            "K8S_IMAGE_PULL_SECRETS_JSON", "[{\"name\": \"registry-key\"}]",
            "K8S_LIMITS_JSON", "{\"cpu\": \"2\", \"memory\": \"3Gi\"}",
            "TRAINYARD_KUBERNETES_COMMAND", "[\"python3\", \"/opt/ours/train.py\"]");

    @TempDir
    Path home;

    private static ObjectNode commandless(OnCluster on, Kind kind) {
        ObjectNode job = on.scripted(kind);
        job.remove("container");
        job.put("framework", "hf").putObject("model").put("name", "tiny");
        return job;
    }

    /** A namespace that lets in no pod which is not as Pod Security's strictest level wants it. */
    private static String restricted(Cluster cluster) {
        String namespace = cluster.namespaceThat(Map.of());
        Rights.granted(cluster, namespace);
        cluster.client().namespaces().withName(namespace).edit(it -> {
            it.getMetadata().getLabels().put("pod-security.kubernetes.io/enforce", "restricted");
            return it;
        });
        var account = new ServiceAccountBuilder()
                .withNewMetadata()
                .withNamespace(namespace)
                .withName("trainer-account")
                .endMetadata()
                .build();
        if (cluster.client().resource(account).get() == null)
            cluster.client().resource(account).create();
        return namespace;
    }

    @ParameterizedTest
    @EnumSource
    void every_pod_is_as_the_operator_says_and_passes_the_restricted_level_of_pod_security(Kind kind, Cluster cluster) {
        try (var on = new OnCluster(home, cluster, cluster.namespace(), OF_PODS)) {
            ObjectNode job = commandless(on, kind);
            job.withObject("/placement").put("namespace", restricted(cluster));
            String id = on.submit(job);
            on.awaitReason(id, "no_such_node");
            PodSpec pod = on.pods(kind, id).getFirst().getSpec();
            assertEquals("trainer-account", pod.getServiceAccountName());
            assertEquals(Map.of(NOWHERE, "yes"), pod.getNodeSelector());
            assertTrue(pod.getTolerations().toString().contains("tests.trainyard.io/tainted"), pod.toString());
            // This release lets no TrainJob say so; the answer to its request does.
            if (kind != Kind.TRAIN_JOB)
                assertEquals(
                        "registry-key", pod.getImagePullSecrets().getFirst().getName());
            var container = pod.getContainers().getFirst();
            assertEquals("registry.example/trainer:7", container.getImage());
            assertEquals(List.of("python3", "/opt/ours/train.py"), container.getCommand());
            assertEquals(
                    Map.of("cpu", new Quantity("2"), "memory", new Quantity("3Gi")),
                    container.getResources().getLimits());
            assertTrue(
                    container.getVolumeMounts().stream()
                            .anyMatch(mount -> mount.getMountPath().equals("/dev/shm")),
                    container.toString());
            on.cancelled(id);
        }
    }

    @Test
    void a_Job_that_the_operator_lets_the_cluster_start_again_says_so_and_stays_as_long_as_told(Cluster cluster) {
        try (var on = new OnCluster(
                home,
                cluster,
                cluster.hostNamespace(),
                "K8S_BACKOFF_LIMIT",
                "2",
                "K8S_RESTART_POLICY",
                "OnFailure",
                "K8S_TTL_SECONDS_AFTER_FINISHED",
                "3600",
                "TRAINYARD_KUBERNETES_SECURITY",
                "image")) {
            String id = on.submit(Kind.JOB.shell("sleep 1; exit 3"));
            JsonNode loop = on.awaitReason(id, "crash_loop");
            assertTrue(loop.toString().contains("it last exited with code 3"), loop.toString());
            JsonNode failed = on.await(id, "failed");
            assertEquals(1, failed.path("attempts").size(), failed.toString());
            JobSpec made = on.jobs(id).getFirst().getSpec();
            assertEquals(2, made.getBackoffLimit());
            assertEquals(3600, made.getTtlSecondsAfterFinished());
            assertNull(made.getTemplate().getSpec().getContainers().getFirst().getSecurityContext());
            cluster.client().resourceList(on.jobs(id)).delete();
        }
    }

    @Test
    void the_context_that_the_operator_names_is_taken(Cluster cluster) throws IOException {
        Path granted = Rights.granted(cluster, cluster.namespace());
        String elsewhere =
                Files.readString(granted).replace("current-context: trainyard", "current-context: of-somebody-else");
        Path kubeconfig = Files.writeString(home.resolve("kubeconfig"), elsewhere);
        try (var on = new OnCluster(
                home, cluster, kubeconfig, cluster.namespace(), OnCluster.withoutOutput("K8S_CONTEXT", "trainyard"))) {
            on.await(on.submit(on.scripted(Kind.JOB, "run-for", "0s")), "succeeded");
        }
    }

    @Test
    void each_wait_is_hopeless_when_the_operator_says(Cluster cluster) {
        var causes = new LinkedHashMap<ObjectNode, String>();
        try (var on = new OnCluster(
                home,
                cluster,
                cluster.namespace(),
                OnCluster.withoutOutput(
                        "TRAINYARD_KUBERNETES_WAIT_CONFIGURATION_SECONDS", "2",
                        "TRAINYARD_KUBERNETES_WAIT_SET_UP_SECONDS", "2",
                        "TRAINYARD_KUBERNETES_WAIT_CAPACITY_SECONDS", "2"))) {
            causes.put(on.scripted(Kind.JOB, "script", "create-container-config-error"), "container_configuration");
            causes.put(on.scripted(Kind.JOB, "script", "failed-mount"), "volume");
            ObjectNode large = on.scripted(Kind.JOB);
            large.withObject("/resources").put("gpus", 99);
            causes.put(large, "unschedulable");
            var ids = new LinkedHashMap<String, String>();
            causes.forEach((job, cause) -> {
                job.putObject("policy").put("infrastructure_attempts", 1);
                ids.put(on.submit(job), cause);
            });
            ids.forEach((id, cause) -> {
                JsonNode failed = on.await(id, "failed");
                assertEquals(cause, failed.path("cause").asString(), failed.toString());
            });
        }
    }
}
