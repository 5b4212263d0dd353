package io.trainyard.admission;

import io.trainyard.job.Identity;
import io.trainyard.spec.JobSpec;
import io.trainyard.spec.SecretRef;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A job as a contract asks for it, translated and judged by the contract's own rules.
 *
 * @param request what the contract renders its answers from, secrets masked; kept verbatim with the job
 * @param secrets plain values; they are sealed before anything is written
 * @param canonical the request after defaults, secrets included: compared with an earlier one only as a fingerprint
 * @param idForGood whether the client id stays taken when its job has finished; otherwise asking again is a new job
 */
public record Wanted(
        Identity identity,
        JobSpec spec,
        String request,
        List<String> warnings,
        Map<SecretRef, String> secrets,
        byte[] canonical,
        Optional<String> idempotencyKey,
        boolean idForGood) {
    public Wanted {
        warnings = List.copyOf(warnings);
        secrets = Map.copyOf(secrets);
    }

    /** A job whose client id is free again once it has finished. */
    public Wanted(
            Identity identity,
            JobSpec spec,
            String request,
            List<String> warnings,
            Map<SecretRef, String> secrets,
            byte[] canonical,
            Optional<String> idempotencyKey) {
        this(identity, spec, request, warnings, secrets, canonical, idempotencyKey, false);
    }

    /** Without the secrets: this may end up in a log. */
    @Override
    public String toString() {
        return "Wanted[" + identity + "]";
    }
}
