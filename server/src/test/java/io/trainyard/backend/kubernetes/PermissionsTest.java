package io.trainyard.backend.kubernetes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.fabric8.kubernetes.api.model.rbac.ClusterRole;
import io.fabric8.kubernetes.api.model.rbac.PolicyRule;
import io.fabric8.kubernetes.api.model.rbac.Role;
import io.trainyard.backend.attempts.Kind;
import io.trainyard.backend.attempts.OnCluster;
import io.trainyard.backend.attempts.Permissions;
import io.trainyard.backend.attempts.Permissions.Need;
import io.trainyard.backend.attempts.Rights;
import io.trainyard.backend.cluster.Api;
import io.trainyard.backend.cluster.ClusterSettings;
import io.trainyard.backend.kubeflow.KubeflowSettings;
import io.trainyard.backend.kubeflow.Offer;
import io.trainyard.backend.kubeflow.PyTorchJobWorkload;
import io.trainyard.backend.kubeflow.TrainJobWorkload;
import io.trainyard.backend.pods.Depth;
import io.trainyard.backend.pods.PodDefaults;
import io.trainyard.backend.pods.Workload;
import io.trainyard.cluster.Cluster;
import io.trainyard.cluster.RealCluster;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real: what the published Role allows is what the server needs. */
@RealCluster
class PermissionsTest {
    @TempDir
    Path home;

    private static final List<Workload> KINDS = kinds();

    private static List<Workload> kinds() {
        var settings = new KubeflowSettings(
                "training", PodDefaults.NONE, Depth.APPLY, "trainer.kubeflow.org/v1alpha1", Optional.empty());
        var unasked = new Api(new ClusterSettings(Optional.empty(), Optional.empty(), ClusterSettings.RELIST));
        var offer = new Offer(unasked, InstantSource.system(), Optional.empty());
        return List.of(
                new JobWorkload(KubernetesSettings.DEFAULT),
                new TrainJobWorkload(settings, offer),
                new PyTorchJobWorkload(settings, offer));
    }

    private static Api api(Path kubeconfig) {
        return new Api(new ClusterSettings(Optional.of(kubeconfig), Optional.empty(), ClusterSettings.RELIST));
    }

    @Test
    void with_the_published_role_nothing_is_missing_and_without_it_everything_is_told(Cluster cluster) {
        List<Need> needs = Permissions.of(KINDS);
        try (var ours = api(Rights.granted(cluster, cluster.namespace()))) {
            assertEquals(List.of(), Permissions.missing(ours, needs, cluster.namespace()));
            List<Need> elsewhere = Permissions.missing(ours, needs, "kube-system");
            List<Need> perNamespace = needs.stream()
                    .filter(need -> !need.resource().equals("clustertrainingruntimes"))
                    .toList();
            assertEquals(perNamespace, elsewhere);
            assertTrue(elsewhere.toString().contains("create jobs.batch"), elsewhere.toString());
        }
    }

    @Test
    void the_published_role_allows_nothing_that_is_not_needed(Cluster cluster) {
        var needed = new TreeSet<String>();
        for (Need need : Permissions.of(KINDS)) needed.add(need.toString());
        var allowed = new TreeSet<String>();
        for (var each : Rights.published(cluster)) {
            var rules = switch (each) {
                case Role role -> role.getRules();
                case ClusterRole role -> role.getRules();
                default -> List.<PolicyRule>of(); // kinds are open
            };
            for (var rule : rules)
                for (String group : rule.getApiGroups())
                    for (String resource : rule.getResources())
                        for (String verb : rule.getVerbs()) allowed.add(new Need(group, resource, verb, "").toString());
        }
        assertEquals(needed, allowed);
    }

    @Test
    void without_a_look_at_pods_a_job_still_runs_and_ends(Cluster cluster) {
        String namespace = cluster.hostNamespace();
        try (var on = new OnCluster(home, cluster, namespace, OnCluster.withoutOutput())) {
            Rights.without(cluster, namespace, "pods", "list");
            Rights.without(cluster, namespace, "pods", "watch");
            String id = on.submit(Kind.JOB.shell("sleep 1"));
            String bad = on.submit(Kind.JOB.shell("exit 3"));
            on.await(id, "succeeded");
            on.await(bad, "failed");
        }
    }
}
