/** Who is asking and what may they do: tokens, and the rules of the door (Host, Origin). */
@Room(mayUse = {"http"})
@NullMarked
package io.trainyard.access;

import io.trainyard.Room;
import org.jspecify.annotations.NullMarked;
