/** The durable truth: jobs, attempts, events, metrics, logs, outbox; the only SQL. */
@Room(mayUse = {"spec", "job"})
@NullMarked
package io.trainyard.store;

import io.trainyard.Room;
import org.jspecify.annotations.NullMarked;
