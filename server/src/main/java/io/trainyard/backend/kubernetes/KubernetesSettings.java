package io.trainyard.backend.kubernetes;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What the operator says of every Job.
 *
 * @param image of jobs that name none
 * @param namespace of jobs that name none
 */
public record KubernetesSettings(Optional<String> image, String namespace, Retention retention, Pods pods) {
    public static final KubernetesSettings DEFAULT =
            new KubernetesSettings(Optional.empty(), "default", new Retention(0, Optional.empty()), Pods.DEFAULT);

    /**
     * @param backoffLimit how often the cluster itself starts a failed pod again; our own attempts are counted apart
     * @param secondsAfterFinished after which the cluster removes a finished Job; absent keeps it
     */
    public record Retention(int backoffLimit, Optional<Integer> secondsAfterFinished) {}

    /**
     * @param tolerations as Kubernetes writes them, values being text or whole numbers
     * @param limits absent asks for the GPUs of the job; given, exactly these are asked for, be there none
     */
    public record Pods(
            Optional<String> serviceAccount,
            Map<String, String> nodeSelector,
            List<Map<String, Object>> tolerations,
            List<String> imagePullSecrets,
            RestartPolicy restartPolicy,
            Optional<Map<String, String>> limits) {
        static final Pods DEFAULT =
                new Pods(Optional.empty(), Map.of(), List.of(), List.of(), RestartPolicy.NEVER, Optional.empty());

        public Pods {
            // Not Map.copyOf: manifests are to be the same text every time.
            nodeSelector = new LinkedHashMap<>(nodeSelector);
            tolerations = tolerations.stream()
                    .<Map<String, Object>>map(LinkedHashMap::new)
                    .toList();
            imagePullSecrets = List.copyOf(imagePullSecrets);
            limits = limits.map(LinkedHashMap::new);
        }
    }

    /** Those that a Job's pods may have. */
    public enum RestartPolicy {
        NEVER("Never"),
        ON_FAILURE("OnFailure");

        public final String word;

        RestartPolicy(String word) {
            this.word = word;
        }
    }
}
