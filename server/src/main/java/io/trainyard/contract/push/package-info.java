/** Serves the progress push of the Kubeflow trainer status protocol for every job. */
@Room(mayUse = {"job", "store", "http", "progress", "secrets"})
@NullMarked
package io.trainyard.contract.push;

import io.trainyard.Room;
import org.jspecify.annotations.NullMarked;
