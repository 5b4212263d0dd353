package io.trainyard.contract.trainer;

import io.trainyard.job.Handle;
import io.trainyard.job.Job;
import io.trainyard.store.Jobs;
import io.trainyard.stream.FirstWord;
import java.util.Optional;

/** The object that a job is on a cluster. Its name is what an operator finds there, so it is shown once it is known. */
final class ClusterObject {
    private ClusterObject() {}

    /** The object of the newest attempt, or the name derived from the client's id where there is none. */
    static String backendJobId(Jobs jobs, Job job) {
        if (!FirstWord.isAwaitedOf(job)) return job.spec().name();
        Optional<Handle> live = job.state().liveHandle();
        return live.or(() -> newest(jobs, job)).map(Handle::name).orElseGet(job.spec()::name);
    }

    private static Optional<Handle> newest(Jobs jobs, Job job) {
        return jobs.attempts(job.id()).stream()
                .flatMap(attempt -> attempt.handle().stream())
                .reduce((_, later) -> later);
    }
}
