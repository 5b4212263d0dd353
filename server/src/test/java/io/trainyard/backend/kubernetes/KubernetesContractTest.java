package io.trainyard.backend.kubernetes;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.trainyard.backend.Backend;
import io.trainyard.backend.BackendContractTest;
import io.trainyard.backend.cluster.Api;
import io.trainyard.backend.cluster.ClusterSettings;
import io.trainyard.backend.kubernetes.KubernetesSettings.RestartPolicy;
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
import io.trainyard.spec.Policy;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** Real: what the reconciler relies on, with pods that are processes of this machine. */
@RealCluster
class KubernetesContractTest extends BackendContractTest {
    @TempDir
    Path home;

    private Path signs;
    private Cluster cluster;
    private String namespace;
    private final List<AutoCloseable> open = new ArrayList<>();

    @BeforeEach
    void open(Cluster real) throws IOException {
        cluster = real;
        namespace = cluster.hostNamespace();
        var everybody = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x"));
        signs = Files.createTempDirectory("trainyard-signs-");
        Files.setPosixFilePermissions(signs, everybody.value());
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : open) each.close();
        cluster.client().batch().v1().jobs().inNamespace(namespace).delete();
    }

    @Override
    protected Backend started() {
        var api = new Api(
                new ClusterSettings(Optional.of(cluster.kubeconfig()), Optional.empty(), ClusterSettings.RELIST));
        var settings = new KubernetesSettings(
                namespace, KubernetesSettings.DEFAULT.retention(), RestartPolicy.NEVER, PodDefaults.NONE, Depth.APPLY);
        var pods = new PodsSettings(
                home, false, Duration.ofSeconds(30), false, PodsSettings.Waits.DEFAULT, PodsSettings.Queueing.NONE);
        var backend = new ClusterBackend(
                JobWorkload.NAME,
                List.of(new JobWorkload(settings)),
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
        String script = "echo step 1: größer; echo step 2; until [ -e %s/$TRAINYARD_JOB_ID ]; do sleep 0.05; done"
                .formatted(signs);
        return new JobSpec(
                plain.name(),
                plain.framework(),
                plain.model(),
                plain.datasets(),
                plain.method(),
                plain.hyperparameters(),
                new io.trainyard.spec.Resources(1, 0, Optional.empty(), 1, 1, Optional.empty()),
                plain.artifacts(),
                new Container(Optional.of("trainer:1"), List.of("sh", "-c", script), List.of(), List.of()),
                plain.labels(),
                plain.annotations(),
                plain.webhooks(),
                plain.placement(),
                plain.policy(),
                plain.extra());
    }

    private List<Job> jobs(Attempt attempt) {
        return cluster.client()
                .batch()
                .v1()
                .jobs()
                .inNamespace(namespace)
                .withLabel("trainyard.io/job", attempt.job().value())
                .withLabel("trainyard.io/attempt", Integer.toString(attempt.number()))
                .list()
                .getItems();
    }

    private List<Pod> pods() {
        return cluster.client().pods().inNamespace(namespace).list().getItems();
    }

    @Override
    protected void run(Attempt attempt) {
        Cluster.until("the pod runs", () -> {
            List<Job> jobs = jobs(attempt);
            return !jobs.isEmpty()
                    && jobs.getFirst().getStatus().getReady() != null
                    && jobs.getFirst().getStatus().getReady() > 0;
        });
    }

    @Override
    protected void succeed(Attempt attempt) {
        try {
            Files.createFile(signs.resolve(attempt.job().value()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Cluster.until(
                "the job is complete",
                () -> jobs(attempt).getFirst().getStatus().getCompletionTime() != null);
    }

    /** The pods of what was deleted go some time after it. */
    @Override
    protected void settle() {
        Cluster.until("nothing is being removed", () -> {
            List<String> there = cluster.client().batch().v1().jobs().inNamespace(namespace).list().getItems().stream()
                    .map(job -> job.getMetadata().getUid())
                    .toList();
            return pods().stream()
                    .allMatch(pod -> pod.getMetadata().getDeletionTimestamp() == null
                            && pod.getMetadata().getOwnerReferences().stream()
                                    .allMatch(owner -> there.contains(owner.getUid())));
        });
    }

    @Override
    protected int things(Attempt attempt) {
        return jobs(attempt).size();
    }
}
