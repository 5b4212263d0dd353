package io.trainyard.spec;

import java.util.Optional;

/**
 * Where a job leaves what it makes. A URI is absolute ({@code file://}, {@code s3://}, {@code gs://}) or a local path.
 * An absent output or checkpoint location is chosen by the backend, the same for every attempt of the job.
 */
public record Artifacts(
        Optional<String> outputUri,
        Optional<String> logUri,
        Optional<String> statusStreamUrl,
        Checkpoints checkpoints) {

    /**
     * @param uri where checkpoints lie; every attempt and every retry of a job uses the same place
     * @param everySteps absent lets the trainer choose
     * @param keep how many complete checkpoints stay, at least 2
     * @param resume whether an attempt starts from the highest complete checkpoint
     */
    public record Checkpoints(Optional<String> uri, Optional<Integer> everySteps, int keep, boolean resume) {
        public static final Checkpoints DEFAULT = new Checkpoints(Optional.empty(), Optional.empty(), 2, true);
    }
}
