/** Pulls each attempt's output from its backend, masks it, stores it in lines and passes them on to progress. */
@Room(mayUse = {"spec", "job", "store", "backend", "secrets", "progress"})
@NullMarked
package io.trainyard.logs;

import io.trainyard.Room;
import org.jspecify.annotations.NullMarked;
