package io.trainyard;

import io.trainyard.backend.attempts.AttemptsSettings;
import io.trainyard.backend.cluster.Api;
import io.trainyard.backend.kubeflow.Dialect;
import io.trainyard.backend.kubeflow.KubeflowSettings;
import io.trainyard.backend.kubeflow.Offer;
import io.trainyard.backend.kubeflow.PyTorchJobWorkload;
import io.trainyard.backend.kubeflow.TrainJobWorkload;
import io.trainyard.backend.pods.Depth;
import io.trainyard.backend.pods.Workload;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The settings of PyTorchJobs and TrainJobs: mostly those of every pod. */
final class KubeflowConfiguration {
    static final String BACKEND = "kubeflow";
    private static final Set<String> CONTRACTS = Set.of("trainer", "unified");
    /** Every pod has it that may speak to its cluster. */
    private static final Path IN_A_POD = Path.of("/var/run/secrets/kubernetes.io/serviceaccount/token");

    private final Configuration all;
    private final KubernetesConfiguration kubernetes;

    KubeflowConfiguration(Configuration all) {
        this.all = all;
        this.kubernetes = new KubernetesConfiguration(all);
    }

    KubeflowSettings settings() {
        return new KubeflowSettings(
                all.jobsNamespace(),
                kubernetes.podDefaults(),
                depth(),
                new TrainerConfiguration(all).settings().apiVersion(),
                dialect());
    }

    /** What the server creates on a cluster; the first that takes a job gets it. */
    List<Workload> kinds(Api api, InstantSource clock) {
        KubeflowSettings settings = settings();
        var offer = new Offer(api, clock, settings.dialect());
        return List.of(new TrainJobWorkload(settings, offer), new PyTorchJobWorkload(settings, offer));
    }

    /** Where a cluster is not named, all is only rendered, as it was before there was a way to create it. */
    private Depth depth() {
        boolean chosen = all.preferredBackend().equals(BACKEND)
                && all.some(Setting.KUBERNETES_APPLY).isEmpty();
        if (!chosen) return kubernetes.depth();
        boolean named = all.some(Setting.KUBERNETES_KUBECONFIG).isPresent() || Files.exists(IN_A_POD);
        return named ? Depth.APPLY : Depth.RENDER;
    }

    private Optional<Dialect> dialect() {
        return all.some(Setting.KUBEFLOW_RELEASE)
                .map(release -> Dialect.named(release)
                        .orElseThrow(
                                () -> all.nonsense(Setting.KUBEFLOW_RELEASE, "2.0, 2.1, 2.2 or 2.3, or nothing,")));
    }

    List<String> contracts() {
        List<String> contracts = all.list(Setting.KUBEFLOW_CONTRACTS);
        boolean none = contracts.equals(List.of("none"));
        if (!none && !CONTRACTS.containsAll(contracts))
            throw all.nonsense(Setting.KUBEFLOW_CONTRACTS, "trainer, unified, both by comma, or none,");
        return none ? List.of() : contracts;
    }

    /** By contract, where jobs go that name no backend and would go to {@code kubernetes}. */
    Map<String, String> preferred() {
        var preferred = new HashMap<String, String>();
        if (all.preferredBackend().equals("kubernetes"))
            for (String contract : contracts()) preferred.put(contract, BACKEND);
        return preferred;
    }

    /** Neither kind goes by the clean-up of Jobs: what we created we remove as soon as all it printed is stored. */
    AttemptsSettings pods() {
        AttemptsSettings pods = kubernetes.pods();
        return new AttemptsSettings(
                pods.home(), pods.reachable(), pods.logsSettle(), false, pods.waits(), pods.queueing());
    }
}
