package io.trainyard.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Pods on the host node live and die as a kubelet lets them. */
@RealCluster
class HostNodeTest {
    private static Pods pods;

    @BeforeAll
    static void place(Cluster cluster) {
        pods = new Pods(cluster, cluster.hostNamespace());
    }

    @Test
    void init_containers_run_in_order_before_the_containers() {
        var pod = Pods.shell("ordered", "cat /tmp/volume/steps")
                .editSpec()
                .addNewVolume()
                .withName("work")
                .withNewEmptyDir()
                .endEmptyDir()
                .endVolume()
                .editFirstContainer()
                .addNewVolumeMount()
                .withName("work")
                .withMountPath("/tmp/volume")
                .endVolumeMount()
                .endContainer()
                .endSpec();
        for (String step : List.of("first", "second"))
            pod = pod.editSpec()
                    .addNewInitContainer()
                    .withName(step)
                    .withImage("trainer:1")
                    .withCommand("sh", "-c", "sleep 0.2; echo " + step + " >> /tmp/volume/steps")
                    .addNewVolumeMount()
                    .withName("work")
                    .withMountPath("/tmp/volume")
                    .endVolumeMount()
                    .endInitContainer()
                    .endSpec();
        pods.create(pod);

        pods.untilPhase("ordered", "Succeeded");
        assertEquals("first\nsecond\n", pods.resource("ordered").getLog());
    }

    @Test
    void a_failing_init_container_fails_the_pod_and_the_container_never_starts() {
        pods.create(withInit("broken", "echo no data; exit 4"));

        pods.untilPhase("broken", "Failed");
        var status = pods.get("broken").getStatus();
        var init = status.getInitContainerStatuses().getFirst().getState().getTerminated();
        assertEquals(4, init.getExitCode());
        assertEquals("no data\n", init.getMessage());
        assertEquals(
                "PodInitializing",
                status.getContainerStatuses().getFirst().getState().getWaiting().getReason());
    }

    private static PodBuilder withInit(String name, String script) {
        return Pods.shell(name, "echo never")
                .editSpec()
                .addNewInitContainer()
                .withName("prepare")
                .withImage("trainer:1")
                .withCommand("sh", "-c", script)
                .withTerminationMessagePolicy("FallbackToLogsOnError")
                .endInitContainer()
                .endSpec();
    }

    @Test
    void the_ranks_of_a_PyTorchJob_and_of_a_TrainJob_find_each_other_by_name(Cluster cluster) throws IOException {
        try (var manifest = HostNodeTest.class.getResourceAsStream("/cluster/meet.yaml")) {
            for (var each : cluster.client().load(manifest).items())
                Cluster.until("the operators take " + each.getKind(), () -> taken(cluster, each));
        }

        Cluster.until(
                "the PyTorchJob succeeds",
                () -> condition(cluster, "kubeflow.org/v1", "PyTorchJob", "pytorch", "Succeeded"));
        assertEquals("sum 30\n", pods.resource("pytorch-master-0").getLog());
        String waiting =
                pods.resource("pytorch-worker-0").inContainer("init-pytorch").getLog();
        assertTrue(waiting.contains("pytorch-master-0." + pods.namespace() + ".svc"), waiting);
        Cluster.until(
                "the TrainJob completes",
                () -> condition(cluster, "trainer.kubeflow.org/v1alpha1", "TrainJob", "train", "Complete"));
        var leader = pods.labelled("jobset.sigs.k8s.io/jobset-name", "train").getFirst();
        assertEquals("sum 30\n", pods.resource(leader.getMetadata().getName()).getLog());
    }

    /** A webhook refuses a TrainJob until its own cache has seen the runtime that was made a moment before. */
    private static boolean taken(Cluster cluster, HasMetadata object) {
        try {
            cluster.client().resource(object).inNamespace(pods.namespace()).create();
            return true;
        } catch (KubernetesClientException refused) {
            if (String.valueOf(refused.getMessage()).contains("not found")) return false;
            throw refused;
        }
    }

    private static boolean condition(Cluster cluster, String version, String kind, String name, String type) {
        GenericKubernetesResource found = cluster.client()
                .genericKubernetesResources(version, kind)
                .inNamespace(pods.namespace())
                .withName(name)
                .get();
        return Cluster.holds(found, type);
    }

    @Test
    void a_command_that_is_not_there_is_a_start_error() {
        pods.create(Pods.shell("commandless", "")
                .editSpec()
                .editFirstContainer()
                .withCommand("no-such-trainer")
                .endContainer()
                .endSpec());

        var end = pods.untilTerminated("commandless");
        assertEquals("StartError", end.getReason());
        assertEquals(128, end.getExitCode());
        assertTrue(end.getMessage().contains("no-such-trainer"), end.getMessage());
    }

    @Test
    void an_image_that_is_missing_is_pulled_for_ever() {
        pods.create(Pods.shell("imageless", "")
                .editSpec()
                .editFirstContainer()
                .withImage("missing/trainer:1")
                .endContainer()
                .endSpec());

        pods.untilWaiting("imageless", "ErrImagePull");
        pods.untilWaiting("imageless", "ImagePullBackOff");
        assertEquals("Pending", pods.get("imageless").getStatus().getPhase());
    }

    @Test
    void a_pod_waits_for_its_secret_and_reads_it_from_the_environment(Cluster cluster) {
        pods.create(Pods.shell("secretive", "echo $TOKEN on $NODE with $MEMORY Mi")
                .editSpec()
                .editFirstContainer()
                .withNewResources()
                .withLimits(Map.of("memory", new Quantity("2Gi")))
                .endResources()
                .addNewEnv()
                .withName("TOKEN")
                .withNewValueFrom()
                .withNewSecretKeyRef("token", "late", false)
                .endValueFrom()
                .endEnv()
                .addNewEnv()
                .withName("NODE")
                .withNewValueFrom()
                .withNewFieldRef("v1", "spec.nodeName")
                .endValueFrom()
                .endEnv()
                .addNewEnv()
                .withName("MEMORY")
                .withNewValueFrom()
                .withNewResourceFieldRef()
                .withResource("limits.memory")
                .withDivisor(new Quantity("1Mi"))
                .endResourceFieldRef()
                .endValueFrom()
                .endEnv()
                .endContainer()
                .endSpec());

        pods.untilWaiting("secretive", "CreateContainerConfigError");
        cluster.client()
                .resource(new SecretBuilder()
                        .withNewMetadata()
                        .withName("late")
                        .endMetadata()
                        .withStringData(Map.of("token", "sesame"))
                        .build())
                .inNamespace(pods.namespace())
                .create();
        pods.untilPhase("secretive", "Succeeded");
        assertEquals(
                "sesame on host-0 with 2048 Mi\n", pods.resource("secretive").getLog());
    }

    @Test
    void a_killed_process_has_code_137_and_its_last_lines_as_message() throws IOException, InterruptedException {
        pods.create(Pods.shell("killed", "echo step 7; sleep 600 & wait")
                .editSpec()
                .editFirstContainer()
                .withTerminationMessagePolicy("FallbackToLogsOnError")
                .endContainer()
                .endSpec());
        Cluster.until(
                "it prints",
                () -> pods.get("killed").getStatus().getPhase().equals("Running")
                        && pods.resource("killed").getLog().equals("step 7\n"));

        String id =
                pods.get("killed").getStatus().getContainerStatuses().getFirst().getContainerID();
        new ProcessBuilder("kill", "-9", id.substring("process://".length()))
                .start()
                .waitFor();

        var end = pods.untilTerminated("killed");
        assertEquals(137, end.getExitCode());
        assertEquals("Error", end.getReason());
        assertEquals("step 7\n", end.getMessage());
    }

    @Test
    void a_deleted_pod_has_its_grace_and_then_goes_though_it_ignores_the_signal() {
        pods.create(Pods.shell("stubborn", "trap '' TERM; echo ready; while true; do sleep 0.1; done"));
        Cluster.until(
                "it prints",
                () -> pods.get("stubborn").getStatus().getPhase().equals("Running")
                        && pods.resource("stubborn").getLog().equals("ready\n"));

        pods.resource("stubborn").delete();
        assertTrue(pods.get("stubborn") != null, "it has a second of grace");
        Cluster.until("it is gone", () -> pods.get("stubborn") == null);
    }

    @Test
    void a_container_is_run_again_where_its_policy_says_so() {
        pods.create(Pods.shell("again", "echo run; [ -e /tmp/volume/seen ] || { touch /tmp/volume/seen; exit 7; }")
                .editSpec()
                .withRestartPolicy("OnFailure")
                .addNewVolume()
                .withName("work")
                .withNewEmptyDir()
                .endEmptyDir()
                .endVolume()
                .editFirstContainer()
                .addNewVolumeMount()
                .withName("work")
                .withMountPath("/tmp/volume")
                .endVolumeMount()
                .endContainer()
                .endSpec());

        pods.untilPhase("again", "Succeeded");
        var status = pods.get("again").getStatus().getContainerStatuses().getFirst();
        assertEquals(1, status.getRestartCount());
        assertEquals(7, status.getLastState().getTerminated().getExitCode());
    }

    @Test
    void a_log_is_followed_to_its_end_with_times() throws IOException {
        pods.create(Pods.shell("talking", "for i in 1 2 3; do echo line $i; sleep 0.3; done; printf unfinished"));
        Cluster.until(
                "it runs", () -> !pods.get("talking").getStatus().getPhase().equals("Pending"));

        String log;
        try (var watch = pods.resource("talking").usingTimestamps().watchLog()) {
            log = new String(watch.getOutput().readAllBytes(), UTF_8);
        }
        List<String> lines = log.lines().toList();
        assertEquals(4, lines.size(), log);
        assertTrue(lines.getFirst().matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{9}Z line 1"), log);
        assertTrue(log.endsWith(" unfinished"), log);
        String fourth = lines.get(3);
        assertFalse(fourth.contains("line"), log);
    }
}
