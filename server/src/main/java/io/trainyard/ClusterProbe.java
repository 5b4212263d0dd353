package io.trainyard;

import io.trainyard.Doctor.Finding;
import io.trainyard.backend.Backend.Unreachable;
import io.trainyard.backend.cluster.Api;
import java.time.Duration;
import java.util.List;

/**
 * Asks the cluster when the server starts what it lets the server do, and warns of what it does not. Nothing waits for it:
 * a right that is missing costs what it costs, and may be given at any time.
 */
final class ClusterProbe implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(ClusterProbe.class.getName());
    /** An API server that has just started has not read all roles. */
    private static final Duration ROLES_ARE_READ = Duration.ofSeconds(5);

    private static final Duration LONGEST_PAUSE = Duration.ofMinutes(5);

    private final Configuration configuration;
    private final Api api;
    private final Thread asking;

    ClusterProbe(Configuration configuration, Api api) {
        this.configuration = configuration;
        this.api = api;
        this.asking = Thread.ofVirtual().name("cluster-probe").start(this::ask);
    }

    private void ask() {
        try {
            if (missing().isEmpty()) return;
            Thread.sleep(ROLES_ARE_READ);
            for (Finding finding : missing())
                LOG.log(System.Logger.Level.WARNING, "{0}; remedy: {1}", finding.finding(), finding.remedy());
        } catch (InterruptedException closed) {
            Thread.currentThread().interrupt();
        }
    }

    private List<Finding> missing() throws InterruptedException {
        Duration pause = ROLES_ARE_READ;
        while (true) {
            try {
                return ClusterFindings.of(configuration, api).stream()
                        .filter(finding -> !finding.well())
                        .toList();
            } catch (Unreachable silent) {
                LOG.log(System.Logger.Level.DEBUG, "rights are asked for again: {0}", silent.getMessage());
            }
            Thread.sleep(pause);
            pause = pause.multipliedBy(2).compareTo(LONGEST_PAUSE) < 0 ? pause.multipliedBy(2) : LONGEST_PAUSE;
        }
    }

    @Override
    public void close() {
        asking.interrupt();
    }
}
