/**
 * Kubeflow's PyTorchJob and TrainJob: how one is drawn and read. A job that names a training runtime becomes a
 * {@code TrainJob}, every other one a {@code PyTorchJob}; {@code Offer} knows what of both a cluster has.
 *
 * <p>Arguments are arrays and values are literal: no shell reads them, and what would be a reference to a variable of the
 * cluster's is escaped, but for the four that the training operator sets.
 */
@Room(mayUse = {"spec", "job", "backend", "backend.cluster", "backend.pods"})
@NullMarked
package io.trainyard.backend.kubeflow;

import io.trainyard.Room;
import org.jspecify.annotations.NullMarked;
