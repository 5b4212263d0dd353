/**
 * Attempts as batch/v1 Jobs of a Kubernetes cluster: how one is drawn and read. {@code JobManifest} draws what the
 * published contract shows where Jobs are only rendered; {@code JobWorkload} what is created, which is more.
 */
@Room(mayUse = {"spec", "backend.pods"})
@NullMarked
package io.trainyard.backend.kubernetes;

import io.trainyard.Room;
import org.jspecify.annotations.NullMarked;
