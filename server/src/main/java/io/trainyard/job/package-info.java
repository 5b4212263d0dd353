/** Where a job stands, what must happen next and who gets a slot; pure. */
@Room(mayUse = {"spec"})
@NullMarked
package io.trainyard.job;

import io.trainyard.Room;
import org.jspecify.annotations.NullMarked;
