/** Turns what a trainer tells, by line or by push, into steps, metrics and time left. */
@Room(mayUse = {"spec", "job", "store"})
@NullMarked
package io.trainyard.progress;

import io.trainyard.Room;
import org.jspecify.annotations.NullMarked;
