package io.trainyard.backend.cluster;

import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.http.HttpClient;
import io.fabric8.kubernetes.client.jdkhttp.JdkHttpClientFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Who we are to a cluster and where it is: a kubeconfig with all its ways to log in, or the pod this server runs in.
 *
 * @param address without a slash at its end
 * @param cluster the name of the cluster in the kubeconfig, or its host
 */
record Access(HttpClient http, String address, String cluster) {
    private static final int CONNECT_MILLIS = 3_000;
    private static final int ANSWER_MILLIS = 15_000;

    /** @throws IOException when there is no kubeconfig, or none that can be read */
    static Access of(ClusterSettings settings) throws IOException {
        Config config = new ConfigBuilder(found(settings))
                // By this name an audit of the cluster knows us.
                .withUserAgent("trainyard")
                .withConnectionTimeout(CONNECT_MILLIS)
                .withRequestTimeout(ANSWER_MILLIS)
                // Whether a create is said again is for us to decide: its answer may have been lost, and not the
                // create.
                .withRequestRetryBackoffLimit(0)
                // One connection for all would end at the server's limit of streams, and each log is one.
                .withHttp2Disable(true)
                .build();
        String address = config.getMasterUrl().replaceAll("/+$", "");
        return new Access(new JdkHttpClientFactory().newBuilder(config).build(), address, name(config, address));
    }

    private static Config found(ClusterSettings settings) throws IOException {
        String context = settings.context().orElse(null);
        try {
            if (settings.kubeconfig().isEmpty()) return Config.autoConfigure(context);
            Path file = settings.kubeconfig().get();
            if (!Files.isReadable(file)) throw new IOException("kubeconfig " + file + " cannot be read");
            Config config = Config.fromKubeconfig(context, file.toFile());
            if (settings.context().isPresent() && config.getCurrentContext() == null)
                throw new IOException("kubeconfig %s has no context \"%s\"".formatted(file, context));
            return config;
        } catch (RuntimeException odd) {
            throw new IOException("the kubeconfig cannot be used: " + odd.getMessage(), odd);
        }
    }

    private static String name(Config config, String address) {
        return Optional.ofNullable(config.getCurrentContext())
                .map(current -> current.getContext().getCluster())
                .orElse(address.replaceAll("^https?://", ""));
    }
}
