package io.trainyard.backend;

import io.trainyard.spec.JobSpec;
import java.nio.file.Path;
import java.util.Optional;

/** Where a job's files lie; absent where its backend keeps none. */
public record Places(Optional<Place> outputs, Optional<Place> checkpoints) {
    /**
     * @param location as the job sees it: a URI or a path
     * @param folder where this server may look: the job's own on this machine, and nobody else's
     */
    public record Place(String location, Optional<Path> folder) {
        static Place elsewhere(String location) {
            return new Place(location, Optional.empty());
        }
    }

    /** As the job names them; none of them is this server's to look into. */
    static Places named(JobSpec spec) {
        return new Places(
                spec.artifacts().outputUri().map(Place::elsewhere),
                spec.artifacts().checkpoints().uri().map(Place::elsewhere));
    }
}
