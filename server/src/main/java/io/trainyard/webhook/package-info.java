/**
 * Tells receivers what became of their jobs, until they have answered or telling is pointless.
 *
 * <p>The store holds one outbox row for each event of a job and each of its webhooks, written with the event. {@link
 * Deliverer} is woken by commits, finds the rows whose moment has come and hands each receiver's oldest one to {@link
 * Lanes}, which runs so many at a time for each host. {@link Courier} makes one try: the contract's {@link Renderer}
 * gives the body, {@link Sender} checks the address it connects to and posts, {@link Verdict} says what the answer means,
 * and that is written down before anything else is told to this receiver. Heartbeats of running jobs live in memory
 * only ({@link Heartbeats}): the next one says all that a lost one said.
 *
 * <p>What fails where: a receiver that hangs holds its slots and nobody else's; a crash between an answer and its
 * writing tells the same once more, under the same {@code webhook-id}; a commit's hint that is lost is made up for by the
 * poll.
 */
@Room(mayUse = {"spec", "job", "store", "secrets"})
@NullMarked
package io.trainyard.webhook;

import io.trainyard.Room;
import org.jspecify.annotations.NullMarked;
