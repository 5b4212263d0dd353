/** Scripted runs on a clock: demos, load tests, the mock runner that clients know. */
@Room(mayUse = {"spec", "job", "backend"})
@NullMarked
package io.trainyard.backend.simulated;

import io.trainyard.Room;
import org.jspecify.annotations.NullMarked;
