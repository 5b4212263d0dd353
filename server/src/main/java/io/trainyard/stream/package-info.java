/** Events, logs and metrics from a cursor on, as server-sent events. */
@Room(mayUse = {"job", "store", "http"})
@NullMarked
package io.trainyard.stream;

import io.trainyard.Room;
import org.jspecify.annotations.NullMarked;
