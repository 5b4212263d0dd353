/** The wire: bodies with limits, problem details, event streams, and what every contract offers the server. */
@Room(mayUse = {})
@NullMarked
package io.trainyard.http;

import io.trainyard.Room;
import org.jspecify.annotations.NullMarked;
