package io.trainyard.backend.kubernetes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceQuotaBuilder;
import io.trainyard.backend.attempts.Kind;
import io.trainyard.backend.attempts.OnCluster;
import io.trainyard.cluster.Cluster;
import io.trainyard.cluster.RealCluster;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Real: what the cluster does not let controllers make for a job of each kind. */
@RealCluster
class RefusedPodsTest {
    private static final String[] SOON = {"TRAINYARD_KUBERNETES_WAIT_REFUSED_SECONDS", "4"};

    @TempDir
    Path home;

    private static void quota(Cluster cluster, String what, String most) {
        cluster.client()
                .resource(new ResourceQuotaBuilder()
                        .withNewMetadata()
                        .withNamespace(cluster.namespace())
                        .withName("small")
                        .endMetadata()
                        .withNewSpec()
                        .addToHard(what, new Quantity(most))
                        .endSpec()
                        .build())
                .create();
    }

    @AfterEach
    void noQuota(Cluster cluster) {
        cluster.client().resourceQuotas().inNamespace(cluster.namespace()).delete();
    }

    @ParameterizedTest
    @EnumSource
    void a_used_up_quota_is_told_and_fails_in_the_end(Kind kind, Cluster cluster) {
        quota(cluster, "requests.cpu", "2");
        try (var on = new OnCluster(home, cluster, cluster.namespace(), SOON)) {
            ObjectNode job = kind.shell("true");
            job.withObject("/resources").put("cpus", 3);
            String id = on.submit(job);
            JsonNode waiting = on.awaitReason(id, "quota");
            assertTrue(
                    waiting.toString().contains("exceeded quota: small, requested: requests.cpu=3"),
                    waiting.toString());
            assertEquals("quota", on.await(id, "failed").path("cause").asString());
        }
    }

    @ParameterizedTest
    @EnumSource
    void a_missing_service_account_is_told_and_fails_in_the_end(Kind kind, Cluster cluster) {
        try (var on =
                new OnCluster(home, cluster, cluster.namespace(), SOON[0], SOON[1], "K8S_SERVICE_ACCOUNT", "nobody")) {
            JsonNode failed = on.await(on.submit(kind.shell("true")), "failed");
            assertTrue(failed.toString().contains("service account"), failed.toString());
            assertEquals("refused", failed.path("cause").asString(), failed.toString());
        }
    }

    @Test
    void what_kubeflow_trainer_may_not_make_is_told_and_fails_in_the_end(Cluster cluster) {
        quota(cluster, "count/jobsets.jobset.x-k8s.io", "0");
        try (var on = new OnCluster(home, cluster, cluster.namespace(), SOON)) {
            JsonNode failed = on.await(on.submit(Kind.TRAIN_JOB.shell("true")), "failed");
            assertTrue(failed.toString().contains("TrainJob resources reconciliation failed"), failed.toString());
            assertTrue(failed.toString().contains("quota"), failed.toString());
        }
    }
}
