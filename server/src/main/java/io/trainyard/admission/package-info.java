/** Turns what is asked into recorded intent: submit, cancel, pause, resume, retry, delete. */
@Room(mayUse = {"spec", "job", "store", "backend", "secrets"})
@NullMarked
package io.trainyard.admission;

import io.trainyard.Room;
import org.jspecify.annotations.NullMarked;
