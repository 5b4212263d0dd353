package io.trainyard.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Annotations make pods on nodes that are only objects end and wait as real ones do. */
@RealCluster
class ScriptedPodsTest {
    private static final String SCRIPT = "cluster.trainyard.io/script";
    private static final String RUN_FOR = "cluster.trainyard.io/run-for";
    private static final String EXIT_CODE = "cluster.trainyard.io/exit-code";

    @ParameterizedTest
    @CsvSource({
        "image-pull-back-off, ImagePullBackOff",
        "err-image-pull, ErrImagePull",
        "invalid-image-name, InvalidImageName",
        "create-container-config-error, CreateContainerConfigError",
        "create-container-error, CreateContainerError",
        "failed-mount, ContainerCreating",
        "failed-sandbox, ContainerCreating",
        "crash-loop-back-off, CrashLoopBackOff"
    })
    void a_pod_waits_as_scripted(String script, String reason, Cluster cluster) {
        var pods = new Pods(cluster, cluster.namespace());
        pods.scripted(script, Map.of(SCRIPT, script, RUN_FOR, "0s"));

        pods.untilWaiting(script, reason);
    }

    @ParameterizedTest
    @CsvSource({
        "oom-killed, OOMKilled, 137, '', ''",
        "start-error, StartError, 128, '', ''",
        "evicted, Error, 137, Evicted, TerminationByKubelet",
        "node-shutdown, Error, 143, Terminated, TerminationByKubelet",
        "preempted, Error, 143, '', PreemptionByScheduler",
        "drained, Error, 143, '', EvictionByEvictionAPI",
        "tainted, Error, 143, '', DeletionByTaintManager",
        "device-lost, Error, 128, UnexpectedAdmissionError, ''",
        "deadline-exceeded, Error, 143, DeadlineExceeded, ''"
    })
    void a_pod_ends_as_scripted(
            String script, String reason, int code, String podReason, String disruption, Cluster cluster) {
        var pods = new Pods(cluster, cluster.namespace());
        pods.scripted(script, Map.of(SCRIPT, script, RUN_FOR, "0s"));

        var end = pods.untilTerminated(script);
        assertEquals(reason, end.getReason());
        assertEquals(code, end.getExitCode());
        var status = pods.get(script).getStatus();
        assertEquals("Failed", status.getPhase());
        assertEquals(podReason, status.getReason() == null ? "" : status.getReason());
        assertEquals(
                disruption,
                status.getConditions().stream()
                        .filter(it -> it.getType().equals("DisruptionTarget"))
                        .map(it -> it.getReason())
                        .findFirst()
                        .orElse(""));
    }

    @Test
    void a_pod_of_a_lost_node_stays_until_it_is_deleted_by_force(Cluster cluster) {
        var pods = new Pods(cluster, cluster.namespace());
        pods.scripted("lost", Map.of(SCRIPT, "node-lost", RUN_FOR, "0s"));
        Cluster.until(
                "its node is lost",
                () -> "NodeLost".equals(pods.get("lost").getStatus().getReason()));

        pods.resource("lost").delete();
        ClusterProcess.pause(java.time.Duration.ofMillis(500));
        assertTrue(pods.get("lost").getMetadata().getDeletionTimestamp() != null);

        pods.resource("lost").withGracePeriod(0).delete();
        Cluster.until("it is gone", () -> pods.get("lost") == null);
    }

    @Test
    void a_namespace_scripts_the_pods_that_others_make_in_it_and_a_pod_is_rewritten_while_it_runs(Cluster cluster) {
        String namespace = cluster.scriptedNamespace(Map.of(RUN_FOR, "1h"));
        var pods = new Pods(cluster, namespace);
        pods.scripted("rank-0", Map.of());
        pods.untilPhase("rank-0", "Running");
        assertEquals("1h", pods.get("rank-0").getMetadata().getAnnotations().get(RUN_FOR));

        pods.resource("rank-0")
                .edit(pod -> pod.edit()
                        .editMetadata()
                        .addToAnnotations(Map.of(RUN_FOR, "0s", EXIT_CODE, "42"))
                        .endMetadata()
                        .build());
        assertEquals(42, pods.untilTerminated("rank-0").getExitCode());
    }
}
