package io.trainyard.backend.kubernetes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.scheduling.v1.PriorityClassBuilder;
import io.fabric8.kubernetes.client.dsl.NonDeletingOperation;
import io.trainyard.backend.attempts.Kind;
import io.trainyard.backend.attempts.OnCluster;
import io.trainyard.cluster.Cluster;
import io.trainyard.cluster.RealCluster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Real: the cluster's own scheduler, eviction and node controllers take machines away from jobs of each kind. */
@RealCluster
class LostMachinesTest {
    private static final String TAINT = "tests.trainyard.io/away";

    @TempDir
    Path home;

    private OnCluster on(Cluster cluster) {
        return new OnCluster(home, cluster, cluster.namespace(), OnCluster.withoutOutput());
    }

    private static Pod running(OnCluster on, Kind kind, String id) {
        on.await(id, "running");
        return on.pods(kind, id).getFirst();
    }

    private static void isTriedAgain(OnCluster on, String id, String said) {
        JsonNode again = on.await(id, "queued");
        assertTrue(again.toString().contains(said), again.toString());
        on.cancelled(id);
    }

    @ParameterizedTest
    @EnumSource
    void a_job_whose_node_is_drained_is_tried_again(Kind kind, Cluster cluster) {
        try (var on = on(cluster)) {
            String id = on.submit(on.scripted(kind, "run-for", "10m", "stop-after", "500ms"));
            Pod pod = running(on, kind, id);
            assertTrue(cluster.client()
                    .pods()
                    .inNamespace(pod.getMetadata().getNamespace())
                    .withName(pod.getMetadata().getName())
                    .evict());
            isTriedAgain(on, id, "its node is being drained");
        }
    }

    @ParameterizedTest
    @EnumSource
    void a_job_whose_room_the_scheduler_gives_to_a_more_important_pod_is_tried_again(Kind kind, Cluster cluster) {
        try (var on = on(cluster)) {
            ObjectNode whole = on.scripted(kind, "run-for", "10m", "stop-after", "500ms");
            whole.withObject("/resources").put("gpus", 8);
            String id = on.submit(whole);
            String node = running(on, kind, id).getSpec().getNodeName();
            Pod important = important(cluster, node);
            isTriedAgain(on, id, "was preempted by a pod of higher priority");
            cluster.client().resource(important).withGracePeriod(0).delete();
        }
    }

    private static Pod important(Cluster cluster, String node) {
        cluster.client()
                .resource(new PriorityClassBuilder()
                        .withNewMetadata()
                        .withName("important")
                        .endMetadata()
                        .withValue(1000)
                        .build())
                .createOr(NonDeletingOperation::update);
        var pod = new PodBuilder()
                .withNewMetadata()
                .withName("important")
                .addToAnnotations("cluster.trainyard.io/run-for", "10m")
                .endMetadata()
                .withNewSpec()
                .withPriorityClassName("important")
                .withTerminationGracePeriodSeconds(0L)
                .addToNodeSelector("kubernetes.io/hostname", node)
                .addNewContainer()
                .withName("main")
                .withImage("other:1")
                .withNewResources()
                .addToLimits("nvidia.com/gpu", new Quantity("8"))
                .endResources()
                .endContainer()
                .endSpec()
                .build();
        return cluster.client().resource(pod).create();
    }

    @ParameterizedTest
    @EnumSource
    void a_job_whose_node_nobody_may_use_any_more_is_tried_again(Kind kind, Cluster cluster) {
        try (var on = on(cluster)) {
            String id = on.submit(on.scripted(kind, "run-for", "10m", "stop-after", "500ms"));
            String node = running(on, kind, id).getSpec().getNodeName();
            taint(cluster, node, true);
            try {
                isTriedAgain(on, id, "stopped responding");
            } finally {
                taint(cluster, node, false);
            }
        }
    }

    private static void taint(Cluster cluster, String name, boolean away) {
        cluster.client().nodes().withName(name).edit(node -> {
            var edited =
                    new NodeBuilder(node).editSpec().removeMatchingFromTaints(taint -> TAINT.equals(taint.getKey()));
            if (away)
                edited.addNewTaint().withKey(TAINT).withEffect("NoExecute").endTaint();
            return edited.endSpec().build();
        });
    }

    /** The nodes never answer that their pods have gone; the cluster waits for that for ever, and the jobs do not. */
    @Test
    void jobs_whose_nodes_never_come_back_have_lost_them(Cluster cluster) throws IOException {
        runtimeWithShortGrace(cluster);
        var pods = new LinkedHashMap<String, Pod>();
        try (var on = on(cluster)) {
            for (Kind kind : Kind.values()) {
                ObjectNode job = on.scripted(kind, "run-for", "10m", "script", "never-stops");
                job.putObject("policy").put("infrastructure_attempts", 1).put("grace_seconds", 1);
                if (kind == Kind.TRAIN_JOB) job.withObject("/placement").put("runtime", "short-grace");
                String id = on.submit(job);
                pods.put(id, running(on, kind, id));
            }
            pods.values().forEach(pod -> taint(cluster, pod.getSpec().getNodeName(), true));
            pods.keySet().forEach(id -> {
                Cluster.until(id + " is lost", () -> on.state(id).equals("failed"));
                JsonNode lost = on.await(id, "failed");
                assertEquals("node_lost", lost.path("cause").asString(), lost.toString());
                assertTrue(lost.toString().contains("stopped responding"), lost.toString());
            });
        } finally {
            pods.values().forEach(pod -> {
                taint(cluster, pod.getSpec().getNodeName(), false);
                cluster.client().resource(pod).withGracePeriod(0).delete();
            });
        }
    }

    /** How long a pod of a TrainJob may take to go is not the job's to say in this release. */
    private static void runtimeWithShortGrace(Cluster cluster) throws IOException {
        String ours = Files.readString(Path.of("../deploy/kubeflow/hf-unsloth-runtime.yaml"));
        cluster.client()
                .resource(ours.replace("name: hf-unsloth-runtime", "name: short-grace")
                        .replace("terminationGracePeriodSeconds: 300", "terminationGracePeriodSeconds: 1"))
                .create();
    }
}
