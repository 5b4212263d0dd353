package io.trainyard.spec;

import java.util.Optional;

/**
 * The numbers of the training loop.
 *
 * @param batchSize examples an optimizer step, over all processes
 * @param microBatchSize examples a forward pass and process; absent lets the trainer choose
 * @param warmupRatio share of all steps spent warming up, 0 to 1
 * @param maxSequenceLength in tokens
 */
public record Hyperparameters(
        double learningRate,
        int batchSize,
        Optional<Integer> microBatchSize,
        int epochs,
        Optional<Integer> maxSteps,
        double warmupRatio,
        int maxSequenceLength,
        double weightDecay,
        Optional<Integer> seed) {
    public static final Hyperparameters DEFAULT =
            new Hyperparameters(5e-5, 32, Optional.empty(), 3, Optional.empty(), 0.1, 2048, 0.01, Optional.empty());
}
