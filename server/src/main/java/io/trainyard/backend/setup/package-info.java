/**
 * What a cluster needs before jobs run there: namespaces, the server's account with exactly the rights it needs, the
 * credentials of the vision contract's pods, and our runtimes of Kubeflow Trainer.
 *
 * <p>The manifests are those of {@code deploy/}, applied by the API server itself (server-side apply), so that applying
 * twice changes nothing and what others added stays.
 */
@Room(mayUse = {"backend", "backend.cluster", "backend.pods"})
@NullMarked
package io.trainyard.backend.setup;

import io.trainyard.Room;
import org.jspecify.annotations.NullMarked;
