package io.trainyard.backend.attempts;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.Pod;
import io.trainyard.backend.Backend;
import io.trainyard.backend.BackendContractTest;
import io.trainyard.backend.causes.Waits;
import io.trainyard.backend.cluster.Api;
import io.trainyard.backend.cluster.ClusterSettings;
import io.trainyard.backend.kubeflow.KubeflowSettings;
import io.trainyard.backend.kubeflow.Offer;
import io.trainyard.backend.kubeflow.PyTorchJobWorkload;
import io.trainyard.backend.kubeflow.TrainJobWorkload;
import io.trainyard.backend.kubernetes.JobWorkload;
import io.trainyard.backend.kubernetes.KubernetesSettings;
import io.trainyard.backend.kubernetes.KubernetesSettings.RestartPolicy;
import io.trainyard.backend.pods.Depth;
import io.trainyard.backend.pods.PodDefaults;
import io.trainyard.backend.pods.Queueing;
import io.trainyard.backend.pods.Workload;
import io.trainyard.cluster.Cluster;
import io.trainyard.cluster.RealCluster;
import io.trainyard.job.Attempt;
import io.trainyard.job.SomeJob;
import io.trainyard.spec.Container;
import io.trainyard.spec.JobSpec;
import io.trainyard.spec.Placement;
import io.trainyard.spec.Placement.TrainingRuntime;
import io.trainyard.spec.Policy;
import io.trainyard.spec.Resources;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.io.TempDir;

/** Real: what the reconciler relies on, for each kind, with the published rights and pods that are processes of this machine. */
class ClusterContractTest {
    @Nested
    @RealCluster
    class Jobs extends Each {
        Jobs() {
            super(Kind.JOB);
        }
    }

    @Nested
    @RealCluster
    class PyTorchJobs extends Each {
        PyTorchJobs() {
            super(Kind.PYTORCH_JOB);
        }
    }

    @Nested
    @RealCluster
    class TrainJobs extends Each {
        TrainJobs() {
            super(Kind.TRAIN_JOB);
        }
    }

    abstract static class Each extends BackendContractTest {
        private final Kind kind;
        private final List<AutoCloseable> open = new ArrayList<>();

        @TempDir
        Path home;

        private Cluster cluster;
        private String namespace;
        private Path kubeconfig;

        Each(Kind kind) {
            this.kind = kind;
        }

        @BeforeEach
        void open(Cluster real) {
            cluster = real;
            namespace = cluster.hostNamespace();
            kubeconfig = Rights.granted(cluster, namespace);
            OnCluster.applyRuntimes(cluster);
        }

        @AfterEach
        void close() throws Exception {
            for (AutoCloseable each : open) each.close();
            cluster.client()
                    .genericKubernetesResources(kind.apiVersion, kind.word)
                    .inNamespace(namespace)
                    .delete();
        }

        @Override
        protected Backend started() {
            var api = new Api(new ClusterSettings(Optional.of(kubeconfig), Optional.empty(), ClusterSettings.RELIST));
            var pods = new AttemptsSettings(home, false, Duration.ofSeconds(30), false, Waits.DEFAULT, Queueing.NONE);
            var backend = new ClusterBackend(
                    kind == Kind.JOB ? JobWorkload.NAME : "kubeflow",
                    kinds(api),
                    Depth.APPLY,
                    new ClusterBackend.Access(api, pods, InstantSource.system()),
                    _ -> {});
            open.add(backend);
            open.add(api);
            return backend;
        }

        private List<Workload> kinds(Api api) {
            if (kind == Kind.JOB)
                return List.of(new JobWorkload(new KubernetesSettings(
                        namespace,
                        KubernetesSettings.DEFAULT.retention(),
                        RestartPolicy.NEVER,
                        PodDefaults.NONE,
                        Depth.APPLY)));
            var settings = new KubeflowSettings(
                    namespace, PodDefaults.NONE, Depth.APPLY, "trainer.kubeflow.org/v1alpha1", Optional.empty());
            var offer = new Offer(api, InstantSource.system(), Optional.empty());
            return List.of(new TrainJobWorkload(settings, offer), new PyTorchJobWorkload(settings, offer));
        }

        /** It goes on until it is given a sign. */
        @Override
        protected JobSpec spec() {
            JobSpec plain = SomeJob.PLAIN
                    .with(new Policy(Optional.empty(), 3, 0, Optional.of(Duration.ofSeconds(1)), 0))
                    .spec();
            String script =
                    "trap 'exit 143' TERM; echo step 1: größer; echo step 2; until [ -e %s/$TRAINYARD_JOB_ID ]; do sleep 0.05; done"
                            .formatted(home);
            Optional<TrainingRuntime> runtime = kind == Kind.TRAIN_JOB
                    ? Optional.of(TrainingRuntime.named("hf-unsloth-runtime"))
                    : Optional.empty();
            return new JobSpec(
                    plain.name(),
                    plain.framework(),
                    plain.model(),
                    plain.datasets(),
                    plain.method(),
                    plain.hyperparameters(),
                    new Resources(1, 0, Optional.empty(), 1, 1, Optional.empty()),
                    plain.artifacts(),
                    new Container(Optional.of("trainer:1"), List.of("sh", "-c", script), List.of(), List.of()),
                    plain.labels(),
                    plain.annotations(),
                    plain.webhooks(),
                    new Placement(List.of(), false, Optional.empty(), runtime, Optional.empty(), false, Map.of()),
                    plain.policy(),
                    plain.extra());
        }

        private List<GenericKubernetesResource> objects(Attempt attempt) {
            return cluster.client()
                    .genericKubernetesResources(kind.apiVersion, kind.word)
                    .inNamespace(namespace)
                    .withLabel(OnCluster.JOB, attempt.job().value())
                    .withLabel("trainyard.io/attempt", Integer.toString(attempt.number()))
                    .list()
                    .getItems();
        }

        private List<Pod> pods() {
            return cluster.client()
                    .pods()
                    .inNamespace(namespace)
                    .withLabel(kind.owner)
                    .list()
                    .getItems();
        }

        private static boolean of(Pod pod, String name, Kind kind) {
            return pod.getMetadata().getLabels().getOrDefault(kind.owner, "").equals(name);
        }

        @Override
        protected void run(Attempt attempt) {
            String name = objects(attempt).getFirst().getMetadata().getName();
            Cluster.until(
                    "the pod runs",
                    () -> pods().stream()
                            .anyMatch(pod -> of(pod, name, kind)
                                    && pod.getStatus().getPhase().equals("Running")));
        }

        @Override
        protected void succeed(Attempt attempt) {
            OnCluster.touch(home.resolve(attempt.job().value()));
            Cluster.until(
                    "it is complete", () -> kind.succeeded(objects(attempt).getFirst()));
        }

        /** The pods of what was deleted go some time after it: on a busy machine the garbage collector takes minutes. */
        @Override
        protected void settle() {
            Cluster.until(Duration.ofMinutes(2), "nothing is being removed", () -> {
                List<String> there = cluster
                        .client()
                        .genericKubernetesResources(kind.apiVersion, kind.word)
                        .inNamespace(namespace)
                        .list()
                        .getItems()
                        .stream()
                        .map(object -> object.getMetadata().getName())
                        .toList();
                return pods().stream()
                        .allMatch(pod -> pod.getMetadata().getDeletionTimestamp() == null
                                && there.stream().anyMatch(name -> of(pod, name, kind)));
            });
        }

        @Override
        protected int things(Attempt attempt) {
            return objects(attempt).size();
        }
    }
}
