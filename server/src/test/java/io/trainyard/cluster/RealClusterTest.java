package io.trainyard.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
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
                .resource(job(namespace, "real", "sh", "-c", "echo epoch 1; echo epoch 2 >&2; exit 3"))
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
