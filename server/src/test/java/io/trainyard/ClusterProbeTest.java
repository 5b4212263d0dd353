package io.trainyard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.backend.attempts.Kind;
import io.trainyard.backend.attempts.OnCluster;
import io.trainyard.backend.attempts.Rights;
import io.trainyard.cluster.Cluster;
import io.trainyard.cluster.RealCluster;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real: what a server that starts says of what it may not do on its cluster. */
@RealCluster
class ClusterProbeTest {
    private static final Logger LOGGER = Logger.getLogger(ClusterProbe.class.getName());

    @TempDir
    Path home;

    private final ConcurrentLinkedQueue<String> said = new ConcurrentLinkedQueue<>();
    private final Handler listener = new Handler() {
        @Override
        public void publish(LogRecord line) {
            if (line.getLevel().equals(Level.WARNING)) said.add(new SimpleFormatter().formatMessage(line));
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    };

    @BeforeEach
    void listen() {
        LOGGER.addHandler(listener);
    }

    @AfterEach
    void leave() {
        LOGGER.removeHandler(listener);
    }

    @Test
    void each_verb_that_is_missing_is_a_warning_with_its_price_and_jobs_run_meanwhile(Cluster cluster) {
        Path kubeconfig = Rights.granted(cluster, cluster.namespace());
        Rights.without(cluster, cluster.namespace(), "pods/log", "get");
        Rights.without(cluster, cluster.namespace(), "services", "delete");
        try (var on = new OnCluster(home, cluster, kubeconfig, cluster.namespace(), OnCluster.withoutOutput())) {
            String id = on.submit(on.scripted(Kind.JOB, "run-for", "0s"));
            on.await(id, "succeeded");
            Cluster.until("it warns", () -> said.size() == 2);
            String all = said.toString();
            assertTrue(all.contains("may not get pods/log: the output of jobs is lost; remedy:"), all);
            assertTrue(all.contains("may not delete services: the Services of jobs stay behind; remedy:"), all);
        }
    }

    @Test
    void with_the_published_role_nothing_is_said(Cluster cluster) {
        try (var on = new OnCluster(home, cluster, cluster.namespace(), OnCluster.withoutOutput())) {
            Instant soon = Instant.now().plusSeconds(8);
            on.await(on.submit(on.scripted(Kind.JOB, "run-for", "0s")), "succeeded");
            Cluster.until("it would have warned by now", () -> Instant.now().isAfter(soon));
            assertEquals(List.of(), List.copyOf(said));
        }
    }

    @Test
    void a_cluster_that_does_not_answer_holds_no_start_up(Cluster cluster) {
        Instant begun = Instant.now();
        try (var on = new OnCluster(home, cluster, Rights.nobody(home, "https://127.0.0.1:1"), "default")) {
            assertEquals(200, on.server().get("/health").status());
            assertTrue(Instant.now().isBefore(begun.plusSeconds(10)));
        }
    }
}
