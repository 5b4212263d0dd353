/**
 * What our trainer is told, wherever it runs ({@code run.json}, read by {@code trainer/trainer/config.py}), and what it says
 * last.
 */
@Room(mayUse = {"spec", "job", "backend"})
@NullMarked
package io.trainyard.backend.trainer;

import io.trainyard.Room;
import org.jspecify.annotations.NullMarked;
