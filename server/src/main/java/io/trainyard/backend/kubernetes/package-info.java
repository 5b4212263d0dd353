/**
 * Jobs on a Kubernetes cluster as batch/v1 Jobs: what would be created, and with which of the operator's settings.
 * Rendering only; nothing here speaks to a cluster.
 */
@Room(mayUse = {"spec", "job", "backend"})
@NullMarked
package io.trainyard.backend.kubernetes;

import io.trainyard.Room;
import org.jspecify.annotations.NullMarked;
