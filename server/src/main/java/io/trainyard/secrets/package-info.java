/** Seals secret values at the door, opens them for a launch, masks them in whatever leaves. */
@Room(mayUse = {"spec", "job", "store"})
@NullMarked
package io.trainyard.secrets;

import io.trainyard.Room;
import org.jspecify.annotations.NullMarked;
