package io.trainyard.backend;

import io.trainyard.job.Attempt;
import io.trainyard.spec.JobSpec;
import io.trainyard.spec.SecretRef;
import java.util.Map;
import java.util.Optional;

/**
 * All a backend needs to start an attempt.
 *
 * @param runId what checkpoints and outputs are keyed by: the same over attempts and retries of a job
 * @param secrets opened values; they leave this record only into the attempt's environment
 */
public record Launch(Attempt attempt, JobSpec spec, String runId, Map<SecretRef, String> secrets, Optional<Push> push) {
    public Launch {
        secrets = Map.copyOf(secrets);
    }

    /** Where the attempt may push its progress to, and the token it shows there. */
    public record Push(String url, String token) {}

    /** Without the secrets: this may end up in a log. */
    @Override
    public String toString() {
        return "Launch[" + attempt + "]";
    }
}
