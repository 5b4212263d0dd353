/**
 * The unified contract: one API that asks for a PyTorchJob, for the frameworks nemo, hf and meta.
 *
 * <p>{@link Request} judges a body against {@link Tables}, {@link Translator} turns it into a job (its arguments an array,
 * never a shell line), {@link Answers} says where it stands in the published words.
 */
@Room(mayUse = {"spec", "job", "store", "stream", "admission", "secrets", "access", "http", "wire", "contract.root"})
@NullMarked
package io.trainyard.contract.unified;

import io.trainyard.Room;
import org.jspecify.annotations.NullMarked;
