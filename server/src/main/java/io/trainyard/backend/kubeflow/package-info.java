/**
 * Kubeflow's PyTorchJob: so far the manifest of one, drawn without a cluster and started by nobody.
 *
 * <p>Arguments are arrays and values are literal: no shell reads them, and what would be a reference to a variable of the
 * cluster's is escaped, but for the four that the training operator sets.
 */
@Room(mayUse = {"spec", "job", "backend"})
@NullMarked
package io.trainyard.backend.kubeflow;

import io.trainyard.Room;
import org.jspecify.annotations.NullMarked;
