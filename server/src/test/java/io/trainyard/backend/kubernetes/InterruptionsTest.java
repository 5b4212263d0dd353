package io.trainyard.backend.kubernetes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.trainyard.LiveServer;
import io.trainyard.cluster.Cluster;
import io.trainyard.cluster.RealCluster;
import java.io.IOException;
import java.nio.file.Files;
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
    void a_job_that_somebody_suspends_waits_and_goes_on_as_the_same_attempt(Cluster cluster) throws IOException {
        Path sign = home.resolve("sign");
        try (var on = new OnCluster(
                home, cluster, cluster.hostNamespace(), "TRAINYARD_KUBERNETES_LOGS_SETTLE_SECONDS", "0")) {
            String id = on.submit(OnCluster.shell(
                    "echo begun; trap 'exit 1' TERM; until [ -e %s ]; do sleep 0.1; done; echo done".formatted(sign)));
            on.await(id, "running");
            suspend(cluster, on.jobs(cluster, id).getFirst(), true);
            JsonNode held = on.server()
                    .await(id, job -> job.at("/reason/kind").asString("").equals("gated"));
            assertEquals("launching", held.path("state").asString(), held.toString());
            Cluster.until("its pod is gone", () -> on.pods(cluster, id).isEmpty());
            suspend(cluster, on.jobs(cluster, id).getFirst(), false);
            assertEquals(1, on.await(id, "running").path("attempt").asInt());
            Files.createFile(sign);
            JsonNode done = on.await(id, "succeeded");
            assertEquals(1, done.path("attempts").size(), done.toString());
            assertEquals(List.of("begun", "begun", "done"), on.lines(id));
        }
    }

    private static void suspend(Cluster cluster, Job job, boolean suspended) {
        cluster.client().resource(job).edit(it -> {
            it.getSpec().setSuspend(suspended);
            return it;
        });
    }

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
            List<Job> made = on.jobs(cluster, id);
            assertEquals(2, made.size());
            assertEquals(1, places(made).size(), places(made).toString());
            assertEquals(4, on.pods(cluster, id).size(), "each attempt has both its nodes");
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
            ObjectNode large = OnCluster.shell("true");
            large.withObject("/resources").put("gpus", 99);
            String waiting = on.submit(large);
            on.server()
                    .await(waiting, each -> each.at("/reason/kind").asString("").equals("no_capacity"));
            String running = on.submit(OnCluster.shell("trap 'exit 0' TERM; while :; do sleep 0.1; done"));
            on.await(running, "running");
            String stopping = on.submit(OnCluster.shell(
                    "trap 'sleep 3; echo saved; exit 0' TERM; echo begun; while :; do sleep 0.1; done"));
            on.await(stopping, "running");
            on.server().post("/api/v1/jobs/" + stopping + "/cancel", "");
            on.await(stopping, "stopping");

            on.restart();

            on.await(stopping, "cancelled");
            assertEquals(List.of("begun", "saved"), on.lines(stopping));
            for (String id : List.of(waiting, running)) {
                assertEquals(1, on.jobs(cluster, id).size());
                on.server().post("/api/v1/jobs/" + id + "/cancel", "");
                JsonNode ended = on.await(id, "cancelled");
                assertEquals(1, ended.path("attempts").size(), ended.toString());
                assertTrue(on.jobs(cluster, id).isEmpty());
            }
        }
    }
}
