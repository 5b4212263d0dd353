package io.trainyard.backend.kubernetes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.trainyard.LiveServer;
import io.trainyard.backend.pods.Kind;
import io.trainyard.backend.pods.OnCluster;
import io.trainyard.cluster.Cluster;
import io.trainyard.cluster.RealCluster;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Real: what others do to our jobs, and what becomes of them while nobody looks. */
@RealCluster
class InterruptionsTest {
    @TempDir
    Path home;

    @Test
    void machines_that_fail_cost_a_whole_new_attempt_with_the_checkpoints_of_the_last(Cluster cluster) {
        try (var on = new OnCluster(
                home,
                cluster,
                cluster.namespace(),
                "K8S_TTL_SECONDS_AFTER_FINISHED",
                "3600",
                "TRAINYARD_KUBERNETES_LOGS_SETTLE_SECONDS",
                "0")) {
            ObjectNode job =
                    LiveServer.JSON.createObjectNode().put("name", "train").put("framework", "hf");
            job.putObject("model").put("name", "tiny");
            job.putObject("resources").put("cpus", 1).put("memory_gib", 1).put("nodes", 2);
            job.putObject("annotations").put("cluster.trainyard.io/script", "drained");
            job.putObject("policy").put("infrastructure_attempts", 2);
            String id = on.submit(job);
            JsonNode failed = on.await(id, "failed");
            assertEquals("evicted", failed.path("cause").asString(), failed.toString());
            assertEquals(2, failed.path("attempts").size(), failed.toString());
            List<Job> made = on.jobs(id);
            assertEquals(2, made.size());
            assertEquals(1, places(made).size(), places(made).toString());
            assertEquals(4, on.pods(id).size(), "each attempt has both its nodes");
            cluster.client().resourceList(made).delete();
        }
    }

    private static Set<JsonNode> places(List<Job> jobs) {
        var places = new HashSet<JsonNode>();
        for (Job job : jobs)
            for (var variable : job.getSpec()
                    .getTemplate()
                    .getSpec()
                    .getContainers()
                    .getFirst()
                    .getEnv())
                if (variable.getName().equals("TRAINER_CONFIG"))
                    places.add(LiveServer.JSON
                            .readTree(variable.getValue())
                            .path("checkpoints")
                            .path("uri"));
        return places;
    }

    @Test
    void a_restarted_server_goes_on_with_what_waits_what_runs_and_what_it_was_stopping(Cluster cluster) {
        try (var on = new OnCluster(home, cluster, cluster.hostNamespace())) {
            ObjectNode large = Kind.JOB.shell("true");
            large.withObject("/resources").put("gpus", 99);
            String waiting = on.submit(large);
            on.awaitReason(waiting, "no_capacity");
            String running = on.submit(Kind.JOB.shell("trap 'exit 0' TERM; while :; do sleep 0.1; done"));
            on.await(running, "running");
            String stopping = on.submit(
                    Kind.JOB.shell("trap 'sleep 3; echo saved; exit 0' TERM; echo begun; while :; do sleep 0.1; done"));
            on.await(stopping, "running");
            on.server().post("/api/v1/jobs/" + stopping + "/cancel", "");
            on.await(stopping, "stopping");

            on.restart();

            on.await(stopping, "cancelled");
            assertEquals(List.of("begun", "saved"), on.lines(stopping));
            for (String id : List.of(waiting, running)) {
                assertEquals(1, on.jobs(id).size());
                on.server().post("/api/v1/jobs/" + id + "/cancel", "");
                JsonNode ended = on.await(id, "cancelled");
                assertEquals(1, ended.path("attempts").size(), ended.toString());
                assertTrue(on.jobs(id).isEmpty());
            }
        }
    }
}
