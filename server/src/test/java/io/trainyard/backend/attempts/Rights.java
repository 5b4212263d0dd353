package io.trainyard.backend.attempts;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.rbac.ClusterRole;
import io.fabric8.kubernetes.api.model.rbac.ClusterRoleBinding;
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
            switch (each) {
                case ServiceAccount account -> account.getMetadata().setNamespace(cluster.namespace());
                case ClusterRole _ -> {}
                case ClusterRoleBinding binding -> {
                    // Of all namespaces: one for each account.
                    binding.getMetadata().setName("trainyard-" + cluster.namespace());
                    binding.getSubjects().forEach(subject -> subject.setNamespace(cluster.namespace()));
                }
                case RoleBinding binding -> {
                    binding.getMetadata().setNamespace(namespace);
                    binding.getSubjects().forEach(subject -> subject.setNamespace(cluster.namespace()));
                }
                default -> each.getMetadata().setNamespace(namespace); // kinds are open
            }
            cluster.client().resource(each).createOr(NonDeletingOperation::update);
        }
        return cluster.kubeconfigFor("trainyard");
    }

    /** What was granted, but for one verb. */
    public static void without(Cluster cluster, String namespace, String resource, String verb) {
        cluster.client()
                .rbac()
                .roles()
                .inNamespace(namespace)
                .withName("trainyard")
                .edit(role -> {
                    for (var rule : role.getRules())
                        if (rule.getResources().contains(resource))
                            rule.setVerbs(rule.getVerbs().stream()
                                    .filter(each -> !each.equals(verb))
                                    .toList());
                    role.getRules().removeIf(rule -> rule.getVerbs().isEmpty());
                    return role;
                });
    }

    /** @return a kubeconfig of somebody who is let in nowhere */
    public static Path nobody(Path folder, String address) {
        try {
            return Files.writeString(folder.resolve("kubeconfig"), """
                    apiVersion: v1
                    kind: Config
                    current-context: nowhere
                    clusters: [{name: nowhere, cluster: {server: "%s"}}]
                    users: [{name: nobody, user: {token: none}}]
                    contexts: [{name: nowhere, context: {cluster: nowhere, user: nobody}}]
                    """.formatted(address));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
