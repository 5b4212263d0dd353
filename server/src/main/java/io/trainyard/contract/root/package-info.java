/**
 * The root, where several contracts answer under the same paths: a request goes to the one whose body or job it is.
 *
 * <p>A contract hands in a {@link RootOffer}; nothing else knows of it here. Each goes on answering under its own prefix.
 */
@Room(mayUse = {"access", "http", "wire"})
@NullMarked
package io.trainyard.contract.root;

import io.trainyard.Room;
import org.jspecify.annotations.NullMarked;
