/** The port to the places where attempts run: plan, check, launch, observe, stop, logs, capacity. */
@Room(mayUse = {"spec", "job"})
@NullMarked
package io.trainyard.backend;

import io.trainyard.Room;
import org.jspecify.annotations.NullMarked;
