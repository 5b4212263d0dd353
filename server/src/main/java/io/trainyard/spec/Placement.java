package io.trainyard.spec;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Where attempts may run.
 *
 * @param backends in order of preference; empty lets the server's setting decide
 * @param fallback whether the next backend is tried when one proves out of reach at launch
 * @param containers by backend: what is started there in place of the job's container
 */
public record Placement(
        List<String> backends,
        boolean fallback,
        Optional<String> namespace,
        Optional<TrainingRuntime> runtime,
        Optional<String> queue,
        boolean spot,
        Map<String, Container> containers) {
    public static final Placement ANYWHERE =
            new Placement(List.of(), false, Optional.empty(), Optional.empty(), Optional.empty(), false, Map.of());

    public Placement {
        backends = List.copyOf(backends);
        containers = Map.copyOf(containers);
    }

    /** A Kubeflow training runtime to run under. */
    public record TrainingRuntime(String name, String kind, String apiGroup) {
        private static final String CLUSTER_WIDE = "ClusterTrainingRuntime";

        /** As {@link #word} says it. */
        public static TrainingRuntime named(String word) {
            int slash = word.indexOf('/');
            String kind = slash < 0 ? CLUSTER_WIDE : word.substring(0, slash);
            return new TrainingRuntime(word.substring(slash + 1), kind, "trainer.kubeflow.org");
        }

        /** Its name, and before it its kind where that is another one than usual. */
        public String word() {
            return kind.equals(CLUSTER_WIDE) ? name : kind + "/" + name;
        }
    }
}
