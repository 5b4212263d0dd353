/** What our trainer is told, wherever it runs: {@code run.json}. Its reader is {@code trainer/trainer/config.py}. */
@Room(mayUse = {"spec", "job", "backend"})
@NullMarked
package io.trainyard.backend.trainer;

import io.trainyard.Room;
import org.jspecify.annotations.NullMarked;
