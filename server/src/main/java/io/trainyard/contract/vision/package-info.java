/**
 * The vision contract: the training REST of a vision platform, the Training Service behind it, the calls its trainers make
 * back, and its WebSockets, all under one prefix.
 *
 * <p>{@link Request} judges a body against {@link Tables}, {@link Translator} turns it into a job, {@link Desk} does what is
 * asked of jobs, {@link Answers} says where they stand in the published words, {@link Callbacks} takes what trainers tell.
 */
@Room(
        mayUse = {
            "spec",
            "job",
            "store",
            "backend",
            "admission",
            "secrets",
            "access",
            "http",
            "wire",
            "progress",
            "stream"
        })
@NullMarked
package io.trainyard.contract.vision;

import io.trainyard.Room;
import org.jspecify.annotations.NullMarked;
