package io.trainyard.backend.kubernetes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.backend.attempts.Kind;
import io.trainyard.backend.attempts.OnCluster;
import io.trainyard.backend.attempts.Rights;
import io.trainyard.cluster.Cluster;
import io.trainyard.cluster.FaultProxy;
import io.trainyard.cluster.FaultProxy.Call;
import io.trainyard.cluster.FaultProxy.Fault;
import io.trainyard.cluster.RealCluster;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.node.ObjectNode;

/** Real: what a job costs the API server. */
@RealCluster
class CallsTest {
    @TempDir
    Path home;

    @Test
    void a_job_with_a_secret_costs_at_most_six_calls_beside_the_watches(Cluster cluster) {
        try (var proxy = new FaultProxy(Rights.granted(cluster, cluster.hostNamespace()));
                var on = new OnCluster(home, cluster, proxy, cluster.hostNamespace())) {
            String first = on.submit(withSecret("first"));
            on.await(first, "succeeded");
            Cluster.until("it is removed", () -> on.companions(first) == 0);
            var calls = new ConcurrentLinkedQueue<Call>();
            proxy.script(call -> {
                // What is asked at the start is not asked for a job.
                if (!call.watches() && !call.path().contains("/selfsubjectaccessreviews")) calls.add(call);
                return new Fault.None();
            });
            String id = on.submit(withSecret("second"));
            on.await(id, "succeeded");
            Cluster.until("it is removed", () -> on.companions(id) == 0);
            assertEquals(List.of("opened"), on.lines(id));
            assertTrue(calls.size() <= 6, calls.toString());
        }
    }

    @Test
    void a_node_that_cannot_give_the_output_of_its_pods_is_asked_for_it_at_most_three_times_a_job(Cluster cluster) {
        try (var proxy = new FaultProxy(Rights.granted(cluster, cluster.namespace()));
                var on = new OnCluster(
                        home, cluster, proxy, cluster.namespace(), "TRAINYARD_KUBERNETES_LOGS_SETTLE_SECONDS", "3")) {
            var asked = new ConcurrentLinkedQueue<Call>();
            proxy.script(call -> {
                if (call.path().contains("/log?")) asked.add(call);
                return new Fault.None();
            });
            String id = on.submit(on.scripted(Kind.JOB, "run-for", "8s"));
            on.await(id, "running");
            on.await(id, "succeeded");
            assertTrue(!asked.isEmpty() && asked.size() <= 3, asked.toString());
            String said = on.lines(id).toString();
            assertTrue(said.contains("the output on the cluster cannot be read"), said);
        }
    }

    @Test
    void a_node_that_cannot_give_the_output_of_its_pods_is_asked_for_all_of_them_together(Cluster cluster) {
        try (var proxy = new FaultProxy(Rights.granted(cluster, cluster.namespace()));
                var on = new OnCluster(
                        home, cluster, proxy, cluster.namespace(), "TRAINYARD_KUBERNETES_LOGS_SETTLE_SECONDS", "0")) {
            String first = on.submit(on.scripted(Kind.JOB, "run-for", "15s"));
            on.await(first, "running");
            var asked = new ConcurrentLinkedQueue<Call>();
            proxy.script(call -> {
                if (call.path().contains("/log?")) asked.add(call);
                return new Fault.None();
            });
            List<String> jobs = Stream.generate(() -> on.submit(on.scripted(Kind.JOB, "run-for", "12s")))
                    .limit(24)
                    .toList();
            jobs.forEach(id -> on.await(id, "succeeded"));
            // Each once at its end; while they ran, each of the four nodes for the sake of one of them.
            assertTrue(asked.size() <= jobs.size() + 2 * 4, asked.size() + " times");
        }
    }

    @Test
    void a_job_that_the_watch_shows_late_is_not_asked_for(Cluster cluster) {
        try (var proxy = new FaultProxy(Rights.granted(cluster, cluster.hostNamespace()))) {
            var asked = new ConcurrentLinkedQueue<Call>();
            var watches = new AtomicInteger();
            proxy.script(call -> {
                if (call.method().equals("GET") && call.path().contains("/jobs/")) asked.add(call);
                if (!call.watches() || !call.path().contains("/jobs?")) return new Fault.None();
                return watches.incrementAndGet() == 1
                        ? new Fault.Cut(Duration.ofSeconds(3))
                        : new Fault.Delay(Duration.ofSeconds(15));
            });
            try (var on = new OnCluster(home, cluster, proxy, cluster.hostNamespace(), "TRAINYARD_POLL_SECONDS", "1")) {
                on.await(on.submit(Kind.JOB.shell("true")), "succeeded");
                Cluster.until("the watch is away", () -> watches.get() == 2);
                String id = on.submit(Kind.JOB.shell("true"));
                on.await(id, "succeeded");
                assertEquals(List.of(), List.copyOf(asked));
            }
        }
    }

    private static ObjectNode withSecret(String value) {
        ObjectNode job = Kind.JOB.shell("sleep 1; [ -n \"$KEY\" ] && echo opened");
        job.withObject("/container/environment").putObject("KEY").put("secret", value);
        return job;
    }
}
