package io.trainyard.backend.kubeflow;

import io.trainyard.backend.Plan;
import io.trainyard.backend.RenderingBackend;
import io.trainyard.job.Queue.Demand;
import io.trainyard.spec.JobSpec;
import java.util.List;

/** Says what PyTorchJob a job would be, for those who apply it themselves or want to look first. */
public final class KubeflowBackend implements RenderingBackend {
    public static final String NAME = "kubeflow";
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
}
