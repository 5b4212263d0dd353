package io.trainyard.backend.setup;

import java.util.List;
import java.util.Optional;

/**
 * What shall be on the cluster.
 *
 * @param server the namespace of the server's account
 * @param jobs the namespaces in which jobs run
 * @param vision the namespace of the vision contract's jobs, one of {@code jobs}
 * @param address the vision platform's API, which its trainers call
 */
public record Wanted(
        String server, List<String> jobs, String vision, Optional<Storage> storage, Optional<String> address) {
    public Wanted {
        jobs = List.copyOf(jobs);
    }

    /** S3 storage of the vision contract's pods. */
    public record Storage(String endpoint, String accessKey, String secretKey) {
        @Override
        public String toString() {
            return endpoint;
        }
    }
}
