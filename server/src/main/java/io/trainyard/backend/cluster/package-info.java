/**
 * How this server speaks to a Kubernetes API server: who it is there, one shape for whatever comes of a call, and lists
 * that are kept in step by watching.
 *
 * <pre>
 *   kubeconfig or pod ─▶ {@code Api} ─▶ {@code Reply}          every call, counted, none repeated behind our back
 *                          └─▶ {@code Reflector}               one list and its watch: read from memory, woken on change
 * </pre>
 *
 * Objects are plain JSON: batch, Kubeflow and Kueue kinds are read by the same few lines, and nothing has to be generated
 * for them. Nothing is built before the first call: a server whose jobs run elsewhere does not pay for it.
 */
@Room(mayUse = {"backend"})
@NullMarked
package io.trainyard.backend.cluster;

import io.trainyard.Room;
import org.jspecify.annotations.NullMarked;
