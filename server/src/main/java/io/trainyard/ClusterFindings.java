package io.trainyard;

import io.trainyard.Doctor.Finding;
import io.trainyard.backend.Backend.Unreachable;
import io.trainyard.backend.attempts.Permissions;
import io.trainyard.backend.attempts.Permissions.Need;
import io.trainyard.backend.cluster.Api;
import io.trainyard.backend.pods.Depth;
import io.trainyard.backend.pods.Workload;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.TreeMap;

/** Whether the cluster answers and lets this server do what it has to, and what each thing it may not do costs. */
final class ClusterFindings {
    private static final String SUBJECT = "kubernetes";

    private ClusterFindings() {}

    /** Empty where the server asks nothing of any cluster. */
    static List<Finding> of(Configuration configuration) {
        try (var api = new Api(new KubernetesConfiguration(configuration).cluster())) {
            return of(configuration, api);
        } catch (Unreachable silent) {
            String remedy =
                    "say TRAINYARD_KUBERNETES_KUBECONFIG, or run the server in the cluster; until then jobs wait";
            return List.of(new Finding(SUBJECT, false, String.valueOf(silent.getMessage()), remedy));
        }
    }

    /** @throws Unreachable while the cluster does not answer */
    static List<Finding> of(Configuration configuration, Api api) throws Unreachable {
        var clusters = new KubernetesConfiguration(configuration);
        var kubeflow = new KubeflowConfiguration(configuration);
        var kinds = new TreeMap<String, List<Workload>>();
        if (clusters.settings().depth() != Depth.RENDER)
            kinds.computeIfAbsent(clusters.settings().namespace(), _ -> new ArrayList<>())
                    .addAll(clusters.kinds());
        if (kubeflow.settings().depth() != Depth.RENDER && !kubeflow.contracts().isEmpty())
            kinds.computeIfAbsent(configuration.jobsNamespace(), _ -> new ArrayList<>())
                    .addAll(kubeflow.kinds(api, InstantSource.system()));
        var findings = new ArrayList<Finding>();
        kinds.forEach((namespace, some) -> findings.addAll(in(namespace, some, api)));
        return findings;
    }

    private static List<Finding> in(String namespace, List<Workload> kinds, Api api) {
        List<Need> missing = Permissions.missing(api, Permissions.of(kinds), namespace);
        String where = "cluster %s, namespace %s".formatted(api.cluster().orElse("?"), namespace);
        return missing.isEmpty()
                ? List.of(new Finding(SUBJECT, true, where + ": all is allowed", ""))
                : refused(missing, where, namespace);
    }

    private static List<Finding> refused(List<Need> missing, String where, String namespace) {
        var verbs = new LinkedHashMap<String, List<String>>();
        for (Need need : missing)
            verbs.computeIfAbsent(need.of() + ": " + need.without(), _ -> new ArrayList<>())
                    .add(need.verb());
        String remedy = "./trainyard k8s setup, as an administrator of namespace " + namespace;
        var findings = new ArrayList<Finding>();
        verbs.forEach((what, which) -> findings.add(new Finding(
                SUBJECT, false, "%s: may not %s %s".formatted(where, String.join(", ", which), what), remedy)));
        return findings;
    }
}
