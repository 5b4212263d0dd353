package io.trainyard.job;

import io.trainyard.job.Queue.Demand;
import java.util.Optional;

/**
 * Slots given on the spot: a job that need not wait is written down with its grant, and starts with the commit that
 * accepts it instead of one commit later.
 */
public interface Slots {
    /** Without a grant when somebody waits already, nothing fits, or the backend is busy handing out: then one queues. */
    Claim claim(String backend, Demand demand);

    /** Everybody queues. */
    Claim NOTHING = new Claim() {
        @Override
        public Optional<Grant> grant() {
            return Optional.empty();
        }

        @Override
        public void close() {}
    };

    /** Held until the job is written down or is not; from then on its attempt counts. */
    interface Claim extends AutoCloseable {
        Optional<Grant> grant();

        @Override
        void close();
    }
}
