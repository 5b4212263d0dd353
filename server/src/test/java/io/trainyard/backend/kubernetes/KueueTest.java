package io.trainyard.backend.kubernetes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.trainyard.backend.pods.Kind;
import io.trainyard.backend.pods.OnCluster;
import io.trainyard.cluster.Cluster;
import io.trainyard.cluster.ClusterProcess;
import io.trainyard.cluster.RealCluster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Real: queues of Kueue's own controllers. */
@RealCluster
class KueueTest {
    @TempDir
    Path home;

    private static void queue(Cluster cluster, String name, int gpus) {
        String objects = """
                apiVersion: kueue.x-k8s.io/v1beta1
                kind: ResourceFlavor
                metadata: {name: %1$s}
                ---
                apiVersion: kueue.x-k8s.io/v1beta1
                kind: ClusterQueue
                metadata: {name: %1$s}
                spec:
                  namespaceSelector: {}
                  preemption: {withinClusterQueue: LowerPriority}
                  resourceGroups:
                    - coveredResources: [cpu, memory, nvidia.com/gpu]
                      flavors:
                        - name: %1$s
                          resources:
                            - {name: cpu, nominalQuota: 100}
                            - {name: memory, nominalQuota: 100Gi}
                            - {name: nvidia.com/gpu, nominalQuota: %2$d}
                ---
                apiVersion: kueue.x-k8s.io/v1beta1
                kind: LocalQueue
                metadata: {name: %1$s, namespace: %3$s}
                spec: {clusterQueue: %1$s}
                """.formatted(name, gpus, cluster.namespace());
        cluster.client()
                .load(stream(objects))
                .items()
                .forEach(each -> cluster.client().resource(each).create());
    }

    private static ObjectNode job(String queue, String runFor) {
        ObjectNode job = Kind.JOB.shell("true");
        job.putObject("annotations").put("cluster.trainyard.io/run-for", runFor);
        job.withObject("/resources").put("gpus", 1);
        job.withObject("/placement").put("queue", queue);
        return job;
    }

    @Test
    void a_queued_job_knows_its_place_and_why_it_waits_and_runs_when_there_is_room(Cluster cluster) {
        queue(cluster, "team-a", 1);
        try (var on = new OnCluster(home, cluster, cluster.namespace(), OnCluster.withoutOutput())) {
            String first = on.submit(job("team-a", "60s"));
            on.await(first, "running");
            String second = on.submit(job("team-a", "1s"));
            waits(on, second, "position 1 in queue team-a");
            // Whole seconds are all that Kueue orders by.
            String created = on.jobs(second).getFirst().getMetadata().getCreationTimestamp();
            Cluster.until(
                    "a second has passed",
                    () -> Instant.now().isAfter(Instant.parse(created).plusSeconds(1)));
            String third = on.submit(job("team-a", "1s"));
            JsonNode waiting = waits(on, third, "position 2 in queue team-a");
            assertTrue(waiting.toString().contains("insufficient unused quota for nvidia.com/gpu"), waiting.toString());
            Job held = on.jobs(third).getFirst();
            assertTrue(held.getSpec().getSuspend());
            on.cancelled(third);
            on.server().post("/api/v1/jobs/" + first + "/cancel", "");
            on.await(second, "succeeded");
        }
    }

    private static JsonNode waits(OnCluster on, String id, String said) {
        return on.server().await(id, job -> {
            JsonNode reason = job.path("reason");
            return reason.path("kind").asString("").equals("queue")
                    && reason.path("sentence").asString("").contains(said);
        });
    }

    @Test
    void jobs_that_name_no_queue_go_into_the_operator_s(Cluster cluster) {
        queue(cluster, "everybody", 8);
        try (var on = new OnCluster(
                home,
                cluster,
                cluster.namespace(),
                "TRAINYARD_KUBERNETES_QUEUE",
                "everybody",
                "TRAINYARD_KUBERNETES_LOGS_SETTLE_SECONDS",
                "0")) {
            ObjectNode job = job("x", "5s");
            job.remove("placement");
            String id = on.submit(job);
            on.await(id, "running");
            Job made = on.jobs(id).getFirst();
            assertEquals("everybody", made.getMetadata().getLabels().get("kueue.x-k8s.io/queue-name"));
            assertFalse(made.getSpec().getSuspend());
            on.await(id, "succeeded");
        }
    }

    @Test
    void a_job_whose_machines_are_taken_back_waits_again_and_begins_anew(Cluster cluster) {
        queue(cluster, "team-b", 1);
        cluster.client()
                .load(stream("""
                apiVersion: kueue.x-k8s.io/v1beta1
                kind: WorkloadPriorityClass
                metadata: {name: urgent}
                value: 1000
                """))
                .items()
                .forEach(each -> cluster.client().resource(each).create());
        try (var on = new OnCluster(home, cluster, cluster.namespace(), OnCluster.withoutOutput())) {
            String first = on.submit(job("team-b", "10s"));
            on.await(first, "running");
            ObjectNode important = job("team-b", "1s");
            important.putObject("labels").put("kueue.x-k8s.io/priority-class", "urgent");
            String second = on.submit(important);
            JsonNode put = waits(on, first, "put back into queue team-b");
            assertEquals("launching", put.path("state").asString(), put.toString());
            assertTrue(put.toString().contains("Preempted to accommodate a workload"), put.toString());
            on.await(second, "succeeded");
            JsonNode again = on.await(first, "running");
            assertEquals(1, again.path("attempt").asInt(), again.toString());
            on.await(first, "succeeded");
        }
    }

    @Test
    void a_queue_whose_label_nobody_honours_is_the_reason_while_the_job_starts() throws IOException {
        try (var process = ClusterProcess.without("kueue");
                var bare = process.forClass(KueueTest.class)) {
            queue(bare, "team-c", 1);
            try (var on = new OnCluster(home, bare, bare.namespace(), OnCluster.withoutOutput())) {
                ObjectNode slow = job("team-c", "1s");
                slow.withObject("/annotations").put("cluster.trainyard.io/start-after", "5s");
                String id = on.submit(slow);
                on.server()
                        .await(
                                id,
                                each -> each.at("/reason/sentence").asString("").contains("it is not in queue team-c"));
                on.await(id, "succeeded");
            }
        }
    }

    private static ByteArrayInputStream stream(String text) {
        return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
    }
}
