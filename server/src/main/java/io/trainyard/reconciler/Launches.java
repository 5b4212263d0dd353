package io.trainyard.reconciler;

import io.trainyard.backend.Launch;
import io.trainyard.job.Attempt;
import io.trainyard.job.Job;
import io.trainyard.job.JobId;
import io.trainyard.secrets.Mask;
import io.trainyard.secrets.Sealer;
import io.trainyard.spec.SecretRef;
import io.trainyard.store.Jobs;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** Puts together what a backend needs to start an attempt: opened secrets, the place to push progress to. */
public final class Launches {
    private final Jobs jobs;
    private final Sealer sealer;
    private final Function<JobId, Optional<Launch.Push>> push;

    /** @param push where an attempt of this job may push to, when it can reach the server at all */
    public Launches(Jobs jobs, Sealer sealer, Function<JobId, Optional<Launch.Push>> push) {
        this.jobs = jobs;
        this.sealer = sealer;
        this.push = push;
    }

    Launch of(Job job, Attempt attempt) {
        Map<SecretRef, String> opened = new HashMap<>();
        sealer.unseal(job.id().value(), jobs.secrets(job.id()))
                .forEach((name, value) -> opened.put(new SecretRef(name), value));
        return new Launch(attempt, job.spec().on(job.backend()), runId(job), opened, push.apply(job.id()));
    }

    /** What a backend quotes of an attempt's output may hold its secrets. */
    String masked(Job job, String detail) {
        Map<String, String> values = sealer.unseal(job.id().value(), jobs.secrets(job.id()));
        return Mask.of(values.values()).apply(detail);
    }

    /** A retry of a finished job goes on where the first one stopped: both have the run id of the first. */
    private String runId(Job job) {
        return jobs.origin(job).value();
    }
}
