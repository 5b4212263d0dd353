package io.trainyard;

import io.trainyard.Doctor.Finding;
import io.trainyard.backend.Backend.Unreachable;
import io.trainyard.backend.cluster.Api;
import io.trainyard.backend.pods.Depth;
import io.trainyard.backend.pods.Permissions;
import io.trainyard.backend.pods.Permissions.Need;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;

/** Whether the cluster answers and lets this server do what it has to, and what each thing it may not do costs. */
final class ClusterFindings {
    private static final String SUBJECT = "kubernetes";

    private ClusterFindings() {}

    /** Empty where the server asks nothing of any cluster. */
    static List<Finding> of(Configuration configuration) {
        var clusters = new KubernetesConfiguration(configuration);
        if (clusters.settings().depth() == Depth.RENDER) return List.of();
        String namespace = clusters.settings().namespace();
        try (var api = new Api(clusters.cluster())) {
            List<Need> missing = Permissions.missing(api, Permissions.of(clusters.kinds()), namespace);
            String where = "cluster %s, namespace %s".formatted(api.cluster().orElse("?"), namespace);
            if (missing.isEmpty()) return List.of(new Finding(SUBJECT, true, where + ": all is allowed", ""));
            return refused(missing, where, namespace);
        } catch (Unreachable silent) {
            String remedy =
                    "say TRAINYARD_KUBERNETES_KUBECONFIG, or run the server in the cluster; until then jobs wait";
            return List.of(new Finding(SUBJECT, false, String.valueOf(silent.getMessage()), remedy));
        }
    }

    private static List<Finding> refused(List<Need> missing, String where, String namespace) {
        var verbs = new LinkedHashMap<String, List<String>>();
        for (Need need : missing)
            verbs.computeIfAbsent(need.of() + ": " + need.without(), _ -> new ArrayList<>())
                    .add(need.verb());
        String remedy = "kubectl apply -n %s -f deploy/rbac/trainyard.yaml".formatted(namespace);
        var findings = new ArrayList<Finding>();
        verbs.forEach((what, which) -> findings.add(new Finding(
                SUBJECT, false, "%s: may not %s %s".formatted(where, String.join(", ", which), what), remedy)));
        return findings;
    }
}
