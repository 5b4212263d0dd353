package io.trainyard.spec;

import java.util.Map;
import java.util.Optional;

/**
 * One source of training data.
 *
 * @param format {@code jsonl}, {@code parquet}, {@code csv}, {@code hf}, {@code nemo}, or what the contract allows
 * @param credentials by the contract's field name, such as {@code aws_access_key_id}
 */
public record Dataset(
        String source, String format, Optional<String> split, boolean streaming, Map<String, SecretRef> credentials) {
    public Dataset {
        credentials = Map.copyOf(credentials);
    }
}
