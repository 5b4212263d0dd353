package io.trainyard.backend.kubernetes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.cluster.Cluster;
import io.trainyard.cluster.RealCluster;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Real: the whole server, real controllers, and pods that are processes of this machine. */
@RealCluster
class KubernetesServerTest {
    @TempDir
    Path home;

    @Test
    void a_job_runs_as_a_job_of_the_cluster_and_its_lines_and_its_end_come_back(Cluster cluster) {
        try (var on = new OnCluster(home, cluster, cluster.hostNamespace())) {
            String id = on.submit(OnCluster.shell("echo step 1; sleep 0.3; echo größer; exit 0"));
            JsonNode done = on.await(id, "succeeded");
            assertEquals(List.of("step 1", "größer"), on.lines(id), done.toString());
        }
    }

    @Test
    void a_failure_has_its_exit_code_and_what_was_printed_last(Cluster cluster) {
        try (var on = new OnCluster(home, cluster, cluster.hostNamespace())) {
            String id = on.submit(OnCluster.shell("echo no such column: loss >&2; exit 3"));
            JsonNode failed = on.await(id, "failed");
            assertTrue(failed.toString().contains("exited with code 3: no such column: loss"), failed.toString());
        }
    }
}
