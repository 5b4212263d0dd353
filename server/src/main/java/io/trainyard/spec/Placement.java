package io.trainyard.spec;

import java.util.List;
import java.util.Optional;

/**
 * Where attempts may run.
 *
 * @param backends in order of preference; empty lets the server's setting decide
 * @param fallback whether the next backend is tried when one proves out of reach at launch
 */
public record Placement(
        List<String> backends,
        boolean fallback,
        Optional<String> namespace,
        Optional<TrainingRuntime> runtime,
        Optional<String> queue,
        boolean spot) {
    public static final Placement ANYWHERE =
            new Placement(List.of(), false, Optional.empty(), Optional.empty(), Optional.empty(), false);

    public Placement {
        backends = List.copyOf(backends);
    }

    /** A Kubeflow training runtime to run under. */
    public record TrainingRuntime(String name, String kind, String apiGroup) {}
}
