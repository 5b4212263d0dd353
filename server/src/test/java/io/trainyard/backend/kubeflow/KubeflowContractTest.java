package io.trainyard.backend.kubeflow;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.trainyard.LiveServer;
import io.trainyard.backend.Backend;
import io.trainyard.backend.BackendContractTest;
import io.trainyard.backend.cluster.Api;
import io.trainyard.backend.cluster.ClusterSettings;
import io.trainyard.backend.kubeflow.OnKubeflow.Kind;
import io.trainyard.backend.pods.ClusterBackend;
import io.trainyard.backend.pods.Depth;
import io.trainyard.backend.pods.PodDefaults;
import io.trainyard.backend.pods.PodsSettings;
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
import tools.jackson.databind.JsonNode;

/** Real: what the reconciler relies on, for both kinds, with pods that are processes of this machine. */
class KubeflowContractTest {
    @Nested
    @RealCluster
    class PyTorchJobs extends Both {
        PyTorchJobs() {
            super(Kind.PYTORCH_JOB);
        }
    }

    @Nested
    @RealCluster
    class TrainJobs extends Both {
        TrainJobs() {
            super(Kind.TRAIN_JOB);
        }
    }

    abstract static class Both extends BackendContractTest {
        private final Kind kind;
        private final List<AutoCloseable> open = new ArrayList<>();

        @TempDir
        Path home;

        private Cluster cluster;
        private String namespace;

        Both(Kind kind) {
            this.kind = kind;
        }

        @BeforeEach
        void open(Cluster real) {
            cluster = real;
            namespace = cluster.hostNamespace();
            OnKubeflow.applyRuntimes(cluster);
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
            var api = new Api(
                    new ClusterSettings(Optional.of(cluster.kubeconfig()), Optional.empty(), ClusterSettings.RELIST));
            var settings = new KubeflowSettings(
                    namespace, PodDefaults.NONE, Depth.APPLY, "trainer.kubeflow.org/v1alpha1", Optional.empty());
            var pods = new PodsSettings(
                    home, false, Duration.ofSeconds(30), false, PodsSettings.Waits.DEFAULT, PodsSettings.Queueing.NONE);
            var offer = new Offer(api, InstantSource.system(), Optional.empty());
            var backend = new ClusterBackend(
                    "kubeflow",
                    List.of(new TrainJobWorkload(settings, offer), new PyTorchJobWorkload(settings, offer)),
                    Depth.APPLY,
                    new ClusterBackend.Access(api, pods, InstantSource.system()),
                    _ -> {});
            open.add(backend);
            open.add(api);
            return backend;
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
                    .withLabel("trainyard.io/job", attempt.job().value())
                    .withLabel("trainyard.io/attempt", Integer.toString(attempt.number()))
                    .list()
                    .getItems();
        }

        private boolean podRuns(Attempt attempt) {
            String name = objects(attempt).getFirst().getMetadata().getName();
            return cluster.client().pods().inNamespace(namespace).withLabel(kind.owner, name).list().getItems().stream()
                    .anyMatch(pod -> pod.getStatus().getPhase().equals("Running"));
        }

        @Override
        protected void run(Attempt attempt) {
            Cluster.until("the pod runs", () -> podRuns(attempt));
        }

        @Override
        protected void succeed(Attempt attempt) {
            OnKubeflow.touch(home.resolve(attempt.job().value()));
            Cluster.until("it is complete", () -> complete(attempt));
        }

        private boolean complete(Attempt attempt) {
            JsonNode object =
                    LiveServer.JSON.valueToTree(objects(attempt).getFirst().getAdditionalProperties());
            for (JsonNode each : object.at("/status/conditions"))
                if (each.path("type").asString("").equals(kind.success)
                        && each.path("status").asString("").equals("True")) return true;
            return false;
        }

        /** The pods of what was deleted go some time after it. */
        @Override
        protected void settle() {
            Cluster.until(
                    "nothing is being removed",
                    () ->
                            cluster
                                    .client()
                                    .pods()
                                    .inNamespace(namespace)
                                    .withLabel(kind.owner)
                                    .list()
                                    .getItems()
                                    .stream()
                                    .allMatch(pod -> pod.getMetadata().getDeletionTimestamp() == null
                                            && owned(pod.getMetadata()
                                                    .getLabels()
                                                    .getOrDefault(kind.owner, ""))));
        }

        private boolean owned(String name) {
            return cluster.client()
                            .genericKubernetesResources(kind.apiVersion, kind.word)
                            .inNamespace(namespace)
                            .withName(name)
                            .get()
                    != null;
        }

        @Override
        protected int things(Attempt attempt) {
            return objects(attempt).size();
        }
    }
}
