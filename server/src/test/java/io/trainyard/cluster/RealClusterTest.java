package io.trainyard.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The cluster that other tests stand on does what they take for granted. */
@RealCluster
class RealClusterTest {
    @Test
    void a_job_completes_on_a_node_that_is_only_an_object(Cluster cluster) {
        cluster.client().resource(job(cluster.namespace(), "fake", "train")).create();

        Cluster.until("the job is complete", () -> condition(cluster, cluster.namespace(), "fake", "Complete"));
        Pod pod = pod(cluster, cluster.namespace(), "fake");
        assertTrue(
                pod.getSpec().getNodeName().startsWith("kwok-"), pod.getSpec().getNodeName());
        assertEquals("Succeeded", pod.getStatus().getPhase());
    }

    @Test
    void a_job_on_the_host_node_prints_and_its_log_can_be_read(Cluster cluster) {
        String namespace = cluster.hostNamespace();
        cluster.client()
                .resource(job(namespace, "real", "sh", "-c", "echo epoch 1; sleep 0.2; echo epoch 2 >&2; exit 3"))
                .create();

        Cluster.until("the job has failed", () -> condition(cluster, namespace, "real", "Failed"));
        Pod pod = pod(cluster, namespace, "real");
        String log = cluster.client()
                .pods()
                .inNamespace(namespace)
                .withName(pod.getMetadata().getName())
                .getLog();
        assertEquals("epoch 1\nepoch 2\n", log);
        var ended = pod.getStatus().getContainerStatuses().getFirst().getState().getTerminated();
        assertEquals(3, ended.getExitCode());
        assertEquals("Error", ended.getReason());
    }

    @Test
    void an_API_server_that_is_killed_comes_back_with_everything_and_no_pod_has_noticed(Cluster cluster) {
        String namespace = cluster.hostNamespace();
        String script = "for second in 1 2 3 4 5 6; do echo $second; sleep 1; done";
        cluster.client().resource(job(namespace, "steady", "sh", "-c", script)).create();
        Cluster.until("the pod runs", () -> phase(cluster, namespace, "steady").equals("Running"));

        cluster.killApi();
        assertThrows(KubernetesClientException.class, () -> pod(cluster, namespace, "steady"));
        cluster.startApi();

        Cluster.until("the job is complete", () -> condition(cluster, namespace, "steady", "Complete"));
        Pod pod = pod(cluster, namespace, "steady");
        assertEquals(0, pod.getStatus().getContainerStatuses().getFirst().getRestartCount());
        String log = cluster.client()
                .pods()
                .inNamespace(namespace)
                .withName(pod.getMetadata().getName())
                .getLog();
        assertEquals("1\n2\n3\n4\n5\n6\n", log);
    }

    @Test
    void a_client_of_a_kubeconfig_for_a_service_account_may_do_nothing_yet(Cluster cluster) {
        Path kubeconfig = cluster.kubeconfigFor("default");

        try (var restricted = client(kubeconfig)) {
            var refused = assertThrows(
                    KubernetesClientException.class, () -> restricted.pods().list());
            assertEquals(403, refused.getCode());
            assertTrue(refused.getMessage().contains("system:serviceaccount:" + cluster.namespace() + ":default"));
        }
    }

    private static KubernetesClient client(Path kubeconfig) {
        try {
            return new KubernetesClientBuilder()
                    .withConfig(Config.fromKubeconfig(Files.readString(kubeconfig)))
                    .build();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String phase(Cluster cluster, String namespace, String job) {
        var pods = cluster.client()
                .pods()
                .inNamespace(namespace)
                .withLabel("batch.kubernetes.io/job-name", job)
                .list()
                .getItems();
        return pods.isEmpty() ? "" : pods.getFirst().getStatus().getPhase();
    }

    private static boolean condition(Cluster cluster, String namespace, String name, String type) {
        Job job = cluster.client()
                .batch()
                .v1()
                .jobs()
                .inNamespace(namespace)
                .withName(name)
                .get();
        return job.getStatus() != null
                && job.getStatus().getConditions().stream()
                        .anyMatch(it ->
                                it.getType().equals(type) && it.getStatus().equals("True"));
    }

    private static Pod pod(Cluster cluster, String namespace, String job) {
        return cluster.client()
                .pods()
                .inNamespace(namespace)
                .withLabel("batch.kubernetes.io/job-name", job)
                .list()
                .getItems()
                .getFirst();
    }

    private static Job job(String namespace, String name, String... command) {
        return new JobBuilder()
                .withNewMetadata()
                .withNamespace(namespace)
                .withName(name)
                .endMetadata()
                .withNewSpec()
                .withBackoffLimit(0)
                .withNewTemplate()
                .withNewSpec()
                .withRestartPolicy("Never")
                .addNewContainer()
                .withName("main")
                .withImage("trainer:1")
                .withCommand(command)
                .endContainer()
                .endSpec()
                .endTemplate()
                .endSpec()
                .build();
    }
}
