package io.trainyard.backend.attempts;

import io.trainyard.backend.causes.Waits;
import io.trainyard.backend.pods.Queueing;
import java.nio.file.Path;
import java.time.Duration;

/**
 * How attempts on a cluster are followed.
 *
 * @param home what is kept of live attempts lies below it
 * @param reachable whether pods can reach this server under the address it knows of itself
 * @param logsSettle how long an end waits for output that cannot be read
 * @param keepFinished whether finished objects are left to the cluster's own clean-up
 */
public record AttemptsSettings(
        Path home, boolean reachable, Duration logsSettle, boolean keepFinished, Waits waits, Queueing queueing) {}
