/**
 * The durable truth: jobs, attempts, events, metrics, logs, outbox; the only SQL.
 *
 * <p>More files than a room should have, for here are three things of one contract: the doors, the fake
 * ({@code Memory…}) and SQLite. Split by door, none grows; in rooms of their own, fake and database would have to make
 * public what they share. The way of a write: {@code SqliteJobs} → {@code JobWrites} encodes on the caller's thread →
 * {@code Writer} runs it with whatever else waits in one transaction → the caller decodes and goes on.
 */
@Room(mayUse = {"spec", "job"})
@NullMarked
package io.trainyard.store;

import io.trainyard.Room;
import org.jspecify.annotations.NullMarked;
