package io.trainyard.backend.kubernetes;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.rbac.RoleBinding;
import io.fabric8.kubernetes.client.dsl.NonDeletingOperation;
import io.trainyard.cluster.Cluster;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The rights that {@code deploy/rbac} gives a server: those, and no administrator's, are what tests run with. */
public final class Rights {
    private static final Path FILE = Path.of("../deploy/rbac/trainyard.yaml");

    private Rights() {}

    public static List<HasMetadata> published(Cluster cluster) {
        try (InputStream file = Files.newInputStream(FILE)) {
            return cluster.client().load(file).items();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** @return a kubeconfig of the service account of the file, which may do there what the file says */
    public static Path granted(Cluster cluster, String namespace) {
        for (HasMetadata each : published(cluster)) {
            boolean account = each.getKind().equals("ServiceAccount");
            each.getMetadata().setNamespace(account ? cluster.namespace() : namespace);
            if (each instanceof RoleBinding binding)
                binding.getSubjects().forEach(subject -> subject.setNamespace(cluster.namespace()));
            cluster.client().resource(each).createOr(NonDeletingOperation::update);
        }
        return cluster.kubeconfigFor("trainyard");
    }
}
