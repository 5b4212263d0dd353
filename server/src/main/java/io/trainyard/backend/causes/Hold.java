package io.trainyard.backend.causes;

import io.trainyard.job.Cause;
import io.trainyard.job.Observation.Ending.Failure;
import io.trainyard.job.Reason;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * Why an attempt does not run yet.
 *
 * @param limit how long after its beginning it is hopeless; absent: never
 * @param cause what it failed of then
 */
public record Hold(Reason reason, Instant since, Optional<Duration> limit, Cause cause) {
    public boolean hopeless(Instant now) {
        return limit.isPresent() && !now.isBefore(since.plus(limit.get()));
    }

    public Failure failure() {
        return new Failure(cause, Failures.cut(reason.sentence()));
    }
}
