package io.trainyard.spec;

import java.util.Optional;

/**
 * The model to start from.
 *
 * @param provider who publishes it, in the contract's own word ({@code huggingface}, {@code nemo}, …)
 * @param name hub id, local directory or URI
 * @param weightsUri where the weights lie when not under the name
 */
public record Model(
        String provider, String name, String revision, Optional<String> weightsUri, Optional<SecretRef> token) {}
