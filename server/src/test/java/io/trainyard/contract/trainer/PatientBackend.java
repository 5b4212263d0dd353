package io.trainyard.contract.trainer;

import io.trainyard.backend.Backend;
import io.trainyard.backend.Check;
import io.trainyard.backend.Launch;
import io.trainyard.backend.Launched;
import io.trainyard.backend.LogSource;
import io.trainyard.backend.Plan;
import io.trainyard.job.Attempt;
import io.trainyard.job.Capacity;
import io.trainyard.job.Handle;
import io.trainyard.job.Observation;
import io.trainyard.job.Queue.Demand;
import io.trainyard.spec.JobSpec;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Objects to one gpu_type and never runs anything: here jobs are only asked for. */
final class PatientBackend implements Backend {
    @Override
    public String name() {
        return "patient";
    }

    @Override
    public Plan plan(JobSpec spec) {
        boolean unheardOf = spec.resources().gpuType().equals(Optional.of("abacus"));
        List<String> objections =
                unheardOf ? List.of("resources.gpu_type: \"abacus\" is not to be had here") : List.of();
        return new Plan(objections, List.of(), new Demand(0, 1, 1), "");
    }

    @Override
    public Check check(JobSpec spec, Duration within) {
        return new Check.Passed();
    }

    @Override
    public Launched launch(Launch launch) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Observation observe(Attempt attempt, Optional<Handle> handle) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void stop(Attempt attempt, Optional<Handle> handle, Duration grace) {
        throw new UnsupportedOperationException();
    }

    @Override
    public LogSource logs(Attempt attempt, Optional<Handle> handle) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Capacity capacity() {
        throw new UnsupportedOperationException();
    }
}
