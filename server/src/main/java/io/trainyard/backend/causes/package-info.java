/**
 * Why an attempt waits, and why it failed: what its object, its pods, the events about them and its queue mean; pure.
 *
 * <pre>
 *   {@code Verdict}  the observation: running, waiting, ended
 *   {@code Holds}    why it does not run yet, and for how long that is worth waiting for; of its queue {@code Turn}
 *   {@code Failures} which of its pods ended first without having been told to, and of what
 * </pre>
 */
@Room(mayUse = {"spec", "job", "backend.cluster", "backend.pods", "backend.trainer"})
@NullMarked
package io.trainyard.backend.causes;

import io.trainyard.Room;
import org.jspecify.annotations.NullMarked;
