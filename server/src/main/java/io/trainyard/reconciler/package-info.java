/** Moves every job towards what was asked: look, decide, do one thing, write it down. */
@Room(mayUse = {"spec", "job", "store", "backend", "secrets"})
@NullMarked
package io.trainyard.reconciler;

import io.trainyard.Room;
import org.jspecify.annotations.NullMarked;
