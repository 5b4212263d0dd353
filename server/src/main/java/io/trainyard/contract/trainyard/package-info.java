/** Our own API: jobs as we speak of them, problem details, event streams. */
@Room(mayUse = {"spec", "job", "store", "backend", "admission", "access", "stream", "http", "webhook"})
@NullMarked
package io.trainyard.contract.trainyard;

import io.trainyard.Room;
import org.jspecify.annotations.NullMarked;
