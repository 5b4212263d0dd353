package io.trainyard.backend.pods;

/** How far jobs get on a cluster. */
public enum Depth {
    /** Shown, and the cluster is not asked. */
    RENDER,
    /** Shown, and judged by the cluster as if it were created. */
    DRY_RUN,
    APPLY
}
