package io.trainyard.backend.pods;

import io.trainyard.spec.JobSpec;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/** The words of Kueue, which holds jobs back until their queue has room. It alone touches {@code suspend}. */
public final class Kueue {
    public static final String QUEUE = "kueue.x-k8s.io/queue-name";
    public static final String PRIORITY = "kueue.x-k8s.io/priority-class";
    public static final String GROUP = "kueue.x-k8s.io";
    public static final String VISIBILITY = "visibility.kueue.x-k8s.io";
    /** A workload carries the uid of what it stands for. */
    public static final String JOB_UID = "kueue.x-k8s.io/job-uid";

    private Kueue() {}

    /** The queue that the job names, in its placement or as Kueue itself has it named. */
    public static Optional<String> queue(JobSpec spec) {
        return spec.placement()
                .queue()
                .or(() -> Optional.ofNullable(spec.labels().get(QUEUE)));
    }

    /** Puts an object into its queue: the job's, or the operator's for all that name none. */
    public static void label(ObjectNode object, JobSpec spec, Queueing otherwise) {
        Optional<String> queue = queue(spec).or(otherwise::queue);
        if (queue.isEmpty()) return;
        ObjectNode labels = object.withObject("/metadata/labels");
        labels.put(QUEUE, queue.get());
        if (!labels.has(PRIORITY)) otherwise.priorityClass().ifPresent(priority -> labels.put(PRIORITY, priority));
    }
}
