/**
 * Attempts as one object on a Kubernetes cluster with pods below it, whatever the kind of the object.
 *
 * <p>A kind says how it is drawn, what its conditions mean and which of its pods is which rank ({@code Workload}); the
 * rest is the same for all and lives here: finding again what was created, seeing it through watches, why it waits or
 * failed, and its output.
 *
 * <pre>
 *   launch  ─▶ {@code Creation}  Secret, companions, object; by a name of our own, so that saying it twice creates once
 *   observe ◀─ {@code Sightings} lists kept in step by watching ─▶ {@code Verdict} what object, pods and events mean; pure
 *   logs    ◀─ {@code Output}    a stream for each rank into files below home, read on from where it stopped
 * </pre>
 *
 * What is about to be created is written to disk before it is sent ({@code Intent}): without that file nothing was ever
 * sent, and with it the object is looked for by its name. Unknown is not failed: only a live read says that it is gone.
 */
@Room(mayUse = {"spec", "job", "backend", "backend.cluster", "backend.trainer"})
@NullMarked
package io.trainyard.backend.pods;

import io.trainyard.Room;
import org.jspecify.annotations.NullMarked;
