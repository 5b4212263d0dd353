package io.trainyard.backend.kubernetes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.backend.attempts.Kind;
import io.trainyard.backend.attempts.OnCluster;
import io.trainyard.cluster.Cluster;
import io.trainyard.cluster.RealCluster;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Scripted: statuses that nodes write by order, seen through real controllers and the whole server. */
@RealCluster
class ScriptedCausesTest {
    @TempDir
    Path home;

    private OnCluster on(Cluster cluster) {
        return new OnCluster(home, cluster, cluster.namespace(), OnCluster.withoutOutput());
    }

    @ParameterizedTest
    @EnumSource
    void what_nodes_say_of_an_ended_pod_is_the_cause(Kind kind, Cluster cluster) {
        var causes = Map.of(
                "oom-killed", "out_of_memory",
                "start-error", "bad_command",
                "deadline-exceeded", "deadline");
        var interruptions = Map.of(
                "evicted", "evicted",
                "node-shutdown", "was ended by its node",
                "preempted", "preempted",
                "drained", "drained",
                "tainted", "stopped responding",
                "device-lost", "refused node-0");
        try (var on = on(cluster)) {
            var failing = new HashMap<String, String>();
            causes.forEach((script, cause) -> failing.put(on.submit(on.scripted(kind, "script", script)), cause));
            var retried = new HashMap<String, String>();
            interruptions.forEach((script, said) -> retried.put(on.submit(on.scripted(kind, "script", script)), said));
            failing.forEach((id, cause) ->
                    assertEquals(cause, on.await(id, "failed").path("cause").asString()));
            retried.forEach((id, said) -> {
                JsonNode again = on.await(id, "queued");
                assertTrue(again.toString().contains(said), said + " in " + again);
            });
            retried.keySet().forEach(on::cancelled);
            String code = on.submit(on.scripted(kind, "exit-code", "3", "message", "no more data"));
            assertTrue(on.await(code, "failed").toString().contains("exited with code 3: no more data"));
        }
    }

    @ParameterizedTest
    @EnumSource
    void what_nodes_say_of_a_pod_that_cannot_start_is_the_reason(Kind kind, Cluster cluster) {
        var reasons = Map.of(
                "image-pull-back-off", "image_pull",
                "err-image-pull", "image_pull",
                "create-container-config-error", "configuration",
                "create-container-error", "configuration",
                "failed-mount", "volume",
                "failed-sandbox", "network",
                "crash-loop-back-off", "crash_loop");
        try (var on = on(cluster)) {
            var waiting = new HashMap<String, String>();
            reasons.forEach((script, why) -> waiting.put(on.submit(on.scripted(kind, "script", script)), why));
            String bad = on.submit(on.scripted(kind, "script", "invalid-image-name"));
            waiting.forEach(on::awaitReason);
            assertEquals("image", on.await(bad, "failed").path("cause").asString());
            waiting.keySet().forEach(on::cancel);
            waiting.keySet().forEach(id -> on.await(id, "cancelled"));
        }
    }

    /** A node that says nothing: its pod is not ready, and nobody knows more. */
    @ParameterizedTest
    @EnumSource
    void a_pod_whose_node_is_silent_is_running_until_the_cluster_gives_it_up(Kind kind, Cluster cluster) {
        try (var on = on(cluster)) {
            String id = on.submit(on.scripted(kind, "script", "node-lost"));
            on.await(id, "running");
            Cluster.until(
                    "the cluster says that it is lost",
                    () -> on.pods(kind, id).stream()
                            .anyMatch(pod -> "NodeLost".equals(pod.getStatus().getReason())));
            assertEquals("running", on.state(id));
            on.cancel(id);
            // Until the object is gone its operator may make another one, which its node does not let go either.
            Cluster.until("it is cancelled", () -> {
                on.pods(kind, id)
                        .forEach(pod -> cluster.client()
                                .resource(pod)
                                .withGracePeriod(0)
                                .delete());
                return on.state(id).equals("cancelled");
            });
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"JOB", "PYTORCH_JOB"})
    void a_job_finds_the_nodes_of_its_kind_and_spot_machines(Kind kind, Cluster cluster) {
        try (var on = on(cluster)) {
            ObjectNode a100 = on.scripted(kind, "run-for", "60s");
            a100.withObject("/resources").put("gpus", 8).put("gpu_type", "a100");
            a100.withObject("/placement").put("spot", true);
            String id = on.submit(a100);
            on.await(id, "running");
            assertEquals("kwok-3", on.pods(kind, id).getFirst().getSpec().getNodeName());
            on.cancelled(id);
            ObjectNode t4 = on.scripted(kind);
            t4.withObject("/resources").put("gpus", 1).put("gpu_type", "T4");
            String nowhere = on.submit(t4);
            on.awaitReason(nowhere, "no_such_node");
            on.cancelled(nowhere);
            ObjectNode odd = on.scripted(kind);
            odd.withObject("/resources").put("gpus", 1).put("gpu_type", "V9000");
            var refused = on.server().create(odd.toString());
            assertEquals(422, refused.status());
            assertTrue(refused.text().contains("one of A100, B200, H100"), refused.text());
        }
    }

    /** This release takes no affinity of a TrainJob, and would leave it out without a word. */
    @ParameterizedTest
    @EnumSource
    void a_type_that_the_operator_knows_by_one_label_is_found_by_every_kind(Kind kind, Cluster cluster) {
        String types = "{\"A100\": {\"nvidia.com/gpu.product\": [\"NVIDIA-A100-SXM4-80GB\"]}}";
        try (var on = new OnCluster(
                home, cluster, cluster.namespace(), OnCluster.withoutOutput("TRAINYARD_KUBERNETES_GPU_TYPES", types))) {
            ObjectNode job = on.scripted(kind, "run-for", "60s");
            job.withObject("/resources").put("gpus", 8).put("gpu_type", "A100");
            String id = on.submit(job);
            on.await(id, "running");
            assertEquals("kwok-2", on.pods(kind, id).getFirst().getSpec().getNodeName());
            on.cancelled(id);
        }
    }
}
