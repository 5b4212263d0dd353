/** Seals secret values at the door, opens them for a launch, masks them in whatever leaves. */
@Room(mayUse = {})
@NullMarked
package io.trainyard.secrets;

import io.trainyard.Room;
import org.jspecify.annotations.NullMarked;
