package io.trainyard.backend.kubeflow;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.backend.kubeflow.OnKubeflow.Kind;
import io.trainyard.cluster.Cluster;
import io.trainyard.cluster.RealCluster;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;

/** Real: the whole server, the real controllers of both kinds, and pods that are processes of this machine. */
@RealCluster
class KubeflowServerTest {
    @TempDir
    Path home;

    @ParameterizedTest
    @EnumSource
    void a_job_runs_as_its_kind_and_its_lines_and_its_end_come_back(Kind kind, Cluster cluster) {
        try (var on = new OnKubeflow(home, cluster)) {
            String id = on.submit(kind.shell("echo step 1; sleep 0.5; echo größer; exit 0"));
            on.await(id, "running");
            assertEquals(1, on.objects(kind, id).size());
            JsonNode done = on.await(id, "succeeded");
            assertEquals(List.of("step 1", "größer"), on.lines(id), done.toString());
            Cluster.until(
                    "the finished object is removed", () -> on.objects(kind, id).isEmpty());
        }
    }

    @ParameterizedTest
    @EnumSource
    void a_failure_has_its_exit_code_and_what_was_printed_last(Kind kind, Cluster cluster) {
        try (var on = new OnKubeflow(home, cluster)) {
            String id = on.submit(kind.shell("echo no such column: loss >&2; exit 3"));
            JsonNode failed = on.await(id, "failed");
            assertTrue(failed.toString().contains("exited with code 3: no such column: loss"), failed.toString());
        }
    }
}
