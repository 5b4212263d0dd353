/**
 * What an attempt looks like on a cluster: one object with pods below it, whatever its kind.
 *
 * <p>A kind says how it is drawn, what its conditions mean and which of its pods is which rank ({@code Workload}). What all
 * kinds have alike is drawn here: names and labels, the pod with its volumes, environment and security, queues. Nothing here
 * speaks to a cluster.
 */
@Room(mayUse = {"spec", "job", "backend", "backend.cluster", "backend.trainer"})
@NullMarked
package io.trainyard.backend.pods;

import io.trainyard.Room;
import org.jspecify.annotations.NullMarked;
