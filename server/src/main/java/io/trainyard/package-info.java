/** The one place that chooses and wires: settings, rooms, the server's start and stop. */
@NullMarked
package io.trainyard;

import org.jspecify.annotations.NullMarked;
