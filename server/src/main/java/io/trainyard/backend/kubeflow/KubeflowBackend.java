package io.trainyard.backend.kubeflow;

import io.trainyard.backend.Backend;
import io.trainyard.backend.Check;
import io.trainyard.backend.Launch;
import io.trainyard.backend.Launched;
import io.trainyard.backend.LogSource;
import io.trainyard.backend.Plan;
import io.trainyard.job.Attempt;
import io.trainyard.job.Capacity;
import io.trainyard.job.Cause;
import io.trainyard.job.Handle;
import io.trainyard.job.Observation;
import io.trainyard.job.Observation.Ending;
import io.trainyard.job.Queue.Demand;
import io.trainyard.spec.JobSpec;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Says what PyTorchJob a job would be, for those who apply it themselves or want to look first. */
public final class KubeflowBackend implements Backend {
    public static final String NAME = "kubeflow";
    private static final String NOTHING_HERE = "kubeflow: this server only renders manifests and started nothing";
    private final String namespace;

    /** @param namespace of jobs that name none */
    public KubeflowBackend(String namespace) {
        this.namespace = namespace;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public boolean rendersOnly() {
        return true;
    }

    @Override
    public Plan plan(JobSpec spec) {
        var job = new PyTorchJob(spec, namespace);
        var resources = spec.resources();
        int nodes = resources.nodes();
        var demand = new Demand(
                most((long) resources.gpus() * nodes),
                most((long) resources.cpus() * nodes),
                Math.min((long) resources.memoryGib() * nodes, Integer.MAX_VALUE) << 30);
        return new Plan(job.objections(), List.of(), demand, job.manifest());
    }

    private static int most(long number) {
        return (int) Math.min(Integer.MAX_VALUE, number);
    }

    @Override
    public Check check(JobSpec spec, Duration within) {
        return new Check.Passed();
    }

    @Override
    public Launched launch(Launch launch) {
        return new Launched.Refused(new Ending.Failure(Cause.UNSUPPORTED, NOTHING_HERE));
    }

    @Override
    public Observation observe(Attempt attempt, Optional<Handle> handle) {
        return new Observation.Unreachable(NOTHING_HERE);
    }

    @Override
    public void stop(Attempt attempt, Optional<Handle> handle, Duration grace) {
        throw new Unreachable(NOTHING_HERE);
    }

    @Override
    public LogSource logs(Attempt attempt, Optional<Handle> handle) {
        throw new Unreachable(NOTHING_HERE);
    }

    @Override
    public Capacity capacity() {
        return Capacity.UNLIMITED;
    }
}
