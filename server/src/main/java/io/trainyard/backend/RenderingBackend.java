package io.trainyard.backend;

import io.trainyard.job.Attempt;
import io.trainyard.job.Capacity;
import io.trainyard.job.Cause;
import io.trainyard.job.Handle;
import io.trainyard.job.Observation;
import io.trainyard.job.Observation.Ending;
import io.trainyard.spec.JobSpec;
import java.time.Duration;
import java.util.Optional;

/** A backend that can do nothing but say what it would create: no attempt ever comes to it. */
public interface RenderingBackend extends Backend {
    @Override
    default boolean rendersOnly() {
        return true;
    }

    @Override
    default Check check(JobSpec spec, Duration within) {
        return new Check.Passed();
    }

    @Override
    default Launched launch(Launch launch) {
        return new Launched.Refused(new Ending.Failure(Cause.UNSUPPORTED, startedNothing()));
    }

    @Override
    default Observation observe(Attempt attempt, Optional<Handle> handle) {
        return new Observation.Unreachable(startedNothing());
    }

    @Override
    default void stop(Attempt attempt, Optional<Handle> handle, Duration grace) {
        throw new Unreachable(startedNothing());
    }

    @Override
    default LogSource logs(Attempt attempt, Optional<Handle> handle) {
        throw new Unreachable(startedNothing());
    }

    @Override
    default Capacity capacity() {
        return Capacity.UNLIMITED;
    }

    private String startedNothing() {
        return name() + ": this server only renders manifests and started nothing";
    }
}
