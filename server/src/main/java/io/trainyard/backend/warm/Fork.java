package io.trainyard.backend.warm;

import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;

/**
 * A supervisor that was forked, and that may have gone already.
 *
 * @param ended completed once it is gone, with its status, or 128 and the signal; without where its parent went first
 */
public record Fork(long pid, CompletableFuture<OptionalInt> ended) {}
