package io.trainyard.backend.warm;

import java.util.concurrent.CompletableFuture;

/**
 * A supervisor that was forked, and that may have gone already.
 *
 * @param ended completed once it is gone
 */
public record Fork(long pid, CompletableFuture<Void> ended) {}
