package io.trainyard.cluster;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;

/** What one test class has of the cluster: its namespace, and the administrator's client. */
public final class Cluster implements AutoCloseable {
    /** Annotations of a namespace that put every pod of it on the host node, where it is a process of this machine. */
    public static final Map<String, String> ON_THE_HOST = Map.of(
            "scheduler.alpha.kubernetes.io/node-selector",
            "type=host",
            "scheduler.alpha.kubernetes.io/defaultTolerations",
            "[{\"key\":\"cluster.trainyard.io/host\",\"operator\":\"Exists\"}]");

    /** The size at which the log of a pod starts anew; a kubelet's 10 MiB would take tests long to print. */
    public static final int LOG_ROTATION_BYTES = 256 << 10;

    /** Long enough for a busy machine; nothing waits this long when all is well. */
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final ClusterProcess process;
    private final String namespace;
    private final KubernetesClient client;
    private final Path kubeconfig;
    private final List<String> namespaces = new ArrayList<>();
    private final Map<Map<String, String>, String> scripted = new HashMap<>();

    Cluster(ClusterProcess process, String namespace) {
        this.process = process;
        this.namespace = namespace;
        Config config = process.administrator();
        config.setNamespace(namespace);
        // It would try ten times, for a minute and a half, before it says that the API server is away.
        config.setRequestRetryBackoffLimit(1);
        this.client = new KubernetesClientBuilder().withConfig(config).build();
        this.kubeconfig = writeKubeconfig(namespace, UnaryOperator.identity());
        makeNamespace(namespace, Map.of());
    }

    private Path writeKubeconfig(String file, UnaryOperator<String> alter) {
        try {
            String whole = Files.readString(process.kubeconfig());
            String ours = alter.apply(whole.replace("user: admin}", "user: admin, namespace: " + namespace + "}"));
            return Files.writeString(process.folder().resolve(file + ".kubeconfig"), ours);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** For a service account of our namespace, which may do what roles that the test binds to it allow. */
    public Path kubeconfigFor(String serviceAccount) {
        String token = client.serviceAccounts()
                .inNamespace(namespace)
                .withName(serviceAccount)
                .tokenRequest()
                .getStatus()
                .getToken();
        return writeKubeconfig(
                namespace + "-" + serviceAccount,
                whole -> whole.replaceAll("user: \\{.*}", "user: {token: " + token + "}"));
    }

    public String namespace() {
        return namespace;
    }

    /** The administrator's, with our namespace as the default of its context. */
    public Path kubeconfig() {
        return kubeconfig;
    }

    /** The administrator, at home in our namespace. */
    public KubernetesClient client() {
        return client;
    }

    /** A further namespace whose pods run on the host node; it goes away with the class. */
    public String hostNamespace() {
        String name = namespace + "-host";
        if (client.namespaces().withName(name).get() == null) makeNamespace(name, ON_THE_HOST);
        return name;
    }

    /**
     * A further namespace that scripts every pod made in it, by annotations under {@code cluster.trainyard.io/} (see
     * cluster/README.md) or {@link #ON_THE_HOST}; it goes away with the class.
     */
    public String scriptedNamespace(Map<String, String> annotations) {
        String name = namespace + "-" + namespaces.size();
        makeNamespace(name, annotations);
        return name;
    }

    /** The same for all who want the same of their pods. */
    public String namespaceThat(Map<String, String> annotations) {
        return scripted.computeIfAbsent(annotations, this::scriptedNamespace);
    }

    private void makeNamespace(String name, Map<String, String> annotations) {
        namespaces.add(name);
        client.resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(name)
                        .addToLabels("cluster.trainyard.io/scripts-pods", "true")
                        .withAnnotations(annotations)
                        .endMetadata()
                        .build())
                .create();
        // Pods are refused until the controllers have made it.
        until(
                "the default service account of " + name,
                () -> client.serviceAccounts()
                                .inNamespace(name)
                                .withName("default")
                                .get()
                        != null);
    }

    /** Takes leave of its clients and goes; all else of the cluster lives on. */
    public void stopApi() {
        process.api("stop");
    }

    public void killApi() {
        process.api("kill");
    }

    /** Returns when it is ready. */
    public void startApi() {
        process.api("start");
    }

    /** Everything stops and starts again on what it held, at the same address. */
    public void restart() {
        process.restart();
    }

    /** Whether the condition of this type is true. */
    public static boolean holds(GenericKubernetesResource object, String type) {
        List<Map<String, Object>> conditions = object.get("status", "conditions");
        return conditions != null
                && conditions.stream().anyMatch(it -> type.equals(it.get("type")) && "True".equals(it.get("status")));
    }

    public static void until(String what, BooleanSupplier holds) {
        until(Duration.ZERO, what, holds);
    }

    /** @param expected how long it takes when all is well */
    public static void until(Duration expected, String what, BooleanSupplier holds) {
        Duration patience = expected.plus(PATIENCE);
        Instant end = Instant.now().plus(patience);
        while (!holds.getAsBoolean()) {
            if (Instant.now().isAfter(end)) throw new AssertionError("waited " + patience + " in vain: " + what);
            ClusterProcess.pause(Duration.ofMillis(50));
        }
    }

    @Override
    public void close() {
        // In the background: nobody waits for pods to stop.
        for (String name : namespaces) client.namespaces().withName(name).delete();
        client.close();
    }
}
