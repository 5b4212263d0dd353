package io.trainyard.spec;

import java.util.Optional;
import java.util.Set;

/**
 * Who wants to be told.
 *
 * @param authorization sent verbatim as the {@code Authorization} header
 * @param words the status words asked for; empty means all
 */
public record Webhook(
        String url, Optional<SecretRef> authorization, Optional<SecretRef> signingKey, Set<String> words) {
    public Webhook {
        words = Set.copyOf(words);
    }
}
