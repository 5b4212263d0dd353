package io.trainyard.backend.kubernetes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.trainyard.LiveServer;
import io.trainyard.backend.attempts.Kind;
import io.trainyard.backend.attempts.OnCluster;
import io.trainyard.cluster.Cluster;
import io.trainyard.cluster.RealCluster;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Real: what others do to our jobs, and what becomes of them while nobody looks. */
@RealCluster
class InterruptionsTest {
    @TempDir
    Path home;

    @ParameterizedTest
    @EnumSource
    void machines_that_fail_cost_a_whole_new_attempt_with_the_checkpoints_of_the_last(Kind kind, Cluster cluster) {
        // The wait before it is the operator's to say: by default it would be ten seconds.
        String[] soon = OnCluster.withoutOutput("TRAINYARD_RETRY_FIRST_SECONDS", "1");
        try (var on = new OnCluster(home, cluster, cluster.namespace(), soon)) {
            ObjectNode job = on.scripted(kind, "script", "drained", "run-for", "2s");
            job.remove("container");
            job.put("framework", "hf").putObject("model").put("name", "tiny");
            job.withObject("/resources").put("nodes", 2);
            job.putObject("policy").put("infrastructure_attempts", 2);
            String id = on.submit(job);
            var names = new HashSet<String>();
            var places = new HashSet<String>();
            Cluster.until("both attempts have failed", () -> {
                for (GenericKubernetesResource each : on.objects(kind, id)) {
                    names.add(each.getMetadata().getName());
                    places.addAll(places(each));
                }
                return on.state(id).equals("failed");
            });
            JsonNode failed = on.await(id, "failed");
            assertEquals("evicted", failed.path("cause").asString(), failed.toString());
            assertEquals(2, failed.path("attempts").size(), failed.toString());
            assertEquals(2, names.size(), "each attempt is an object of its own, with both its nodes: " + names);
            assertEquals(1, places.size(), places.toString());
        }
    }

    private static Set<String> places(GenericKubernetesResource object) {
        var places = new HashSet<String>();
        for (JsonNode environment :
                LiveServer.JSON.valueToTree(object.getAdditionalProperties()).findValues("env"))
            for (JsonNode variable : environment)
                if (variable.path("name").asString("").equals("TRAINER_CONFIG"))
                    places.add(LiveServer.JSON
                            .readTree(variable.path("value").asString(""))
                            .at("/checkpoints/uri")
                            .asString(""));
        return places;
    }

    @Test
    void a_restarted_server_goes_on_with_what_waits_what_runs_and_what_it_was_stopping(Cluster cluster) {
        try (var on = new OnCluster(home, cluster, cluster.hostNamespace())) {
            var stopping = new LinkedHashMap<String, Kind>();
            var others = new LinkedHashMap<String, Kind>();
            for (Kind kind : Kind.values()) {
                ObjectNode large = kind.shell("true");
                large.withObject("/resources").put("gpus", 99);
                String waiting = on.submit(large);
                on.awaitReason(waiting, "no_capacity");
                others.put(waiting, kind);
                String running = on.submit(kind.shell("trap 'exit 0' TERM; while :; do sleep 0.1; done"));
                on.await(running, "running");
                others.put(running, kind);
                String leaving = on.submit(
                        kind.shell("trap 'sleep 5; echo saved; exit 0' TERM; echo begun; while :; do sleep 0.1; done"));
                on.awaitLine(leaving, "begun");
                stopping.put(leaving, kind);
            }
            stopping.keySet().forEach(on::cancel);
            stopping.keySet().forEach(id -> on.await(id, "stopping"));

            on.restart();

            stopping.forEach((id, kind) -> {
                on.await(id, "cancelled");
                assertEquals(List.of("begun", "saved"), on.lines(id), kind.word);
            });
            others.forEach((id, kind) -> {
                assertEquals(1, on.objects(kind, id).size(), kind.word);
                on.cancel(id);
                JsonNode ended = on.await(id, "cancelled");
                assertEquals(1, ended.path("attempts").size(), ended.toString());
                assertTrue(on.objects(kind, id).isEmpty(), kind.word);
            });
        }
    }
}
