package io.trainyard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.Doctor.Finding;
import io.trainyard.backend.attempts.Rights;
import io.trainyard.cluster.Cluster;
import io.trainyard.cluster.RealCluster;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real: what the doctor says of a cluster. */
@RealCluster
class ClusterFindingsTest {
    @TempDir
    Path home;

    private List<Finding> findings(String kubeconfig, String namespace) {
        return ClusterFindings.of(new Configuration(
                Map.of(Setting.HOME, home.toString(), Setting.JOB_RUNNER, "kubernetes"),
                Map.of("KUBECONFIG", kubeconfig, "K8S_NAMESPACE", namespace, "TRAINER_JOBS_NAMESPACE", namespace)));
    }

    @Test
    void with_the_published_role_all_is_well_and_a_verb_that_is_taken_away_is_named_with_its_price(Cluster cluster) {
        String kubeconfig = Rights.granted(cluster, cluster.namespace()).toString();
        Finding well = findings(kubeconfig, cluster.namespace()).getFirst();
        assertTrue(well.well(), well.toString());
        assertTrue(well.finding().endsWith("all is allowed"), well.toString());

        Rights.without(cluster, cluster.namespace(), "pods", "watch");
        List<Finding> found = findings(kubeconfig, cluster.namespace());
        assertEquals(1, found.size(), found.toString());
        assertFalse(found.getFirst().well());
        assertTrue(
                found.getFirst().finding().endsWith("may not watch pods: nobody knows why a job waits or failed"),
                found.toString());
        assertTrue(found.getFirst().remedy().contains("./trainyard k8s setup"), found.toString());
    }

    @Test
    void a_cluster_that_does_not_answer_is_said_to_be_so(Cluster cluster) {
        String nobody = Rights.nobody(home, "https://127.0.0.1:1").toString();
        Finding silent = findings(nobody, cluster.namespace()).getFirst();
        assertFalse(silent.well());
        assertTrue(silent.finding().contains("out of reach"), silent.toString());
    }

    @Test
    void where_nothing_is_asked_of_a_cluster_nothing_is_said() {
        var plain = new Configuration(Map.of(Setting.HOME, home.toString(), Setting.JOB_RUNNER, "local"), Map.of());
        assertEquals(List.of(), ClusterFindings.of(plain));
    }
}
