package io.trainyard.backend.kubernetes;

import io.trainyard.backend.pods.Depth;
import io.trainyard.backend.pods.PodDefaults;
import java.util.Optional;

/**
 * What the operator says of every Job.
 *
 * @param namespace of jobs that name none
 */
public record KubernetesSettings(
        String namespace, Retention retention, RestartPolicy restartPolicy, PodDefaults pods, Depth depth) {
    public static final KubernetesSettings DEFAULT = new KubernetesSettings(
            "default", new Retention(0, Optional.empty()), RestartPolicy.NEVER, PodDefaults.NONE, Depth.RENDER);

    /**
     * @param backoffLimit how often the cluster itself starts a failed pod again; our own attempts are counted apart
     * @param secondsAfterFinished after which the cluster removes a finished Job; absent keeps a rendered one, and lets
     *     us remove our own as soon as all it printed is stored
     */
    public record Retention(int backoffLimit, Optional<Integer> secondsAfterFinished) {}

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
