/**
 * Our own API: jobs as we speak of them, problem details, event streams.
 *
 * <p>More files than a room should have: it is the widest of the contracts, and each thing that it answers with (a plan,
 * a curve, a log as a file, lists of files) stands by itself and knows nothing of the others.
 */
@Room(mayUse = {"spec", "job", "store", "backend", "admission", "access", "stream", "http", "webhook"})
@NullMarked
package io.trainyard.contract.trainyard;

import io.trainyard.Room;
import org.jspecify.annotations.NullMarked;
