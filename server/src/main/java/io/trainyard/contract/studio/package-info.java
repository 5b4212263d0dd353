/**
 * The studio contract: a small training API whose requests are mostly flags for a training script.
 *
 * <p>A body goes one way: {@link Request} judges it, {@link Options} merges what it says into flags, {@link Translator}
 * makes a job of it, {@link Answers} writes what clients see of the job, and {@link LogBook} reads its output by pages.
 */
@Room(mayUse = {"spec", "job", "store", "admission", "access", "http", "wire", "contract.root"})
@NullMarked
package io.trainyard.contract.studio;

import io.trainyard.Room;
import org.jspecify.annotations.NullMarked;
