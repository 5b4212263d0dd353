package io.trainyard.contract.trainer;

import io.trainyard.job.Handle;
import io.trainyard.job.Job;
import io.trainyard.store.Jobs;
import java.util.Optional;
import java.util.Set;

/** The object that a job is on a cluster. Its name is what an operator finds there, so it is shown once it is known. */
final class ClusterObject {
    static final Set<String> BACKENDS = Set.of("kubernetes", "kubeflow");

    private ClusterObject() {}

    static boolean isFor(Job job) {
        return BACKENDS.contains(job.backend());
    }

    /** The object of the newest attempt, or the name derived from the client's id where there is none. */
    static String backendJobId(Jobs jobs, Job job) {
        if (!isFor(job)) return job.spec().name();
        Optional<Handle> live = job.state().liveHandle();
        return live.or(() -> newest(jobs, job)).map(Handle::name).orElseGet(job.spec()::name);
    }

    private static Optional<Handle> newest(Jobs jobs, Job job) {
        return jobs.attempts(job.id()).stream()
                .flatMap(attempt -> attempt.handle().stream())
                .reduce((_, later) -> later);
    }
}
