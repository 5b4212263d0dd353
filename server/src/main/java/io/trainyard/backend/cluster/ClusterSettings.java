package io.trainyard.backend.cluster;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * How a cluster is reached.
 *
 * @param kubeconfig absent: as kubectl finds it, or as the pod that the server itself runs in
 * @param context absent: the current one of the kubeconfig
 * @param relist how long a list is kept in step by watching alone
 */
public record ClusterSettings(Optional<Path> kubeconfig, Optional<String> context, Duration relist) {
    public static final Duration RELIST = Duration.ofMinutes(5);
}
