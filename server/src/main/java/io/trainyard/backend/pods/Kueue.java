package io.trainyard.backend.pods;

/** The words of Kueue, which holds jobs back until their queue has room. */
public final class Kueue {
    public static final String QUEUE = "kueue.x-k8s.io/queue-name";
    public static final String PRIORITY = "kueue.x-k8s.io/priority-class";

    private Kueue() {}
}
