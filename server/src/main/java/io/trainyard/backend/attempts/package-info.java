/**
 * Attempts on a cluster, whatever the kind of their objects: created, found again, followed and removed.
 *
 * <pre>
 *   launch  ─▶ {@code Creation}  Secret, companions, object; by a name of our own, so that saying it twice creates once
 *   observe ◀─ {@code Sightings} lists kept in step by watching ─▶ the room of causes: what object, pods and events mean
 *   logs    ◀─ {@code Output}    a stream for each rank into files below home, read on from where it stopped
 * </pre>
 *
 * What is about to be created is written to disk before it is sent ({@code Intent}): without that file nothing was ever
 * sent, and with it the object is looked for by its name. Unknown is not failed: only a live read says that it is gone.
 */
@Room(mayUse = {"spec", "job", "backend", "backend.cluster", "backend.pods", "backend.causes"})
@NullMarked
package io.trainyard.backend.attempts;

import io.trainyard.Room;
import org.jspecify.annotations.NullMarked;
