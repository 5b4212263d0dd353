package io.trainyard.backend.kubernetes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.fabric8.kubernetes.api.model.Pod;
import io.trainyard.backend.attempts.Kind;
import io.trainyard.backend.attempts.OnCluster;
import io.trainyard.backend.attempts.Rights;
import io.trainyard.cluster.Cluster;
import io.trainyard.cluster.ClusterProcess;
import io.trainyard.cluster.FaultProxy;
import io.trainyard.cluster.FaultProxy.Fault;
import io.trainyard.cluster.RealCluster;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Real: while the API server is away no job changes, and soon after it is back all is known. */
@RealCluster
class OutagesTest {
    private static final System.Logger LOG = System.getLogger(OutagesTest.class.getName());
    private static final Duration MOST_TO_CATCH_UP = Duration.ofSeconds(10);

    @TempDir
    Path home;

    private OnCluster on(FaultProxy proxy, Cluster cluster) {
        return new OnCluster(home, cluster, proxy, cluster.namespace(), OnCluster.withoutOutput());
    }

    @Test
    void while_nobody_answers_nothing_is_killed_or_started_again_and_all_is_known_soon_after(Cluster cluster) {
        outages(cluster, 15, Duration.ofSeconds(12));
    }

    @Tag("long")
    @Test
    void two_minutes_without_an_API_server_cost_none_of_five_hundred_jobs_anything() throws IOException {
        try (var process = ClusterProcess.withNodes(10);
                var cluster = process.forClass(OutagesTest.class)) {
            outages(cluster, 250, Duration.ofMinutes(2));
        }
    }

    /**
     * First every call is refused, then the API server is killed and starts again on its data.
     *
     * @param half of the jobs stay, and as many end while every call is refused
     */
    private void outages(Cluster cluster, int half, Duration length) {
        try (var proxy = new FaultProxy(Rights.granted(cluster, cluster.namespace()));
                var on = on(proxy, cluster)) {
            List<String> staying = submitted(on, half, "stays");
            List<String> ending = submitted(on, half, "ends");
            awaitAll(on, staying, "running");
            awaitAll(on, ending, "running");
            List<String> before = uids(on, staying);

            proxy.refuse();
            Instant back = Instant.now().plus(length);
            for (String id : ending) finish(cluster, on.pods(id).getFirst());
            Cluster.until(length, "the outage is over", () -> Instant.now().isAfter(back));
            for (String id : staying) assertEquals("running", on.state(id));
            for (String id : ending) assertEquals("running", on.state(id));
            proxy.accept();
            caughtUp(on, ending, "succeeded");
            areAsBefore(on, staying, before);

            cluster.killApi();
            for (String id : staying) assertEquals("running", on.state(id));
            cluster.startApi();
            // What the API server alone decides: its controllers take their own time to come back to it.
            String gone = staying.getLast();
            cluster.client().resourceList(on.jobs(gone)).delete();
            caughtUp(on, List.of(gone), "failed");
            areAsBefore(on, staying.subList(0, half - 1), before.subList(0, half - 1));

            assertEquals(Set.of(1), Set.copyOf(proxy.created().values()), "each is created once");
            assertEquals(2 * half, proxy.created().size());
            staying.forEach(on::cancel);
            awaitAll(on, staying.subList(0, half - 1), "cancelled");
        }
    }

    private static List<String> submitted(OnCluster on, int count, String what) {
        return IntStream.range(0, count)
                .mapToObj(number -> {
                    ObjectNode job = on.scripted(Kind.JOB, "run-for", "1h", "number", what + number);
                    job.putObject("policy").put("infrastructure_attempts", 1);
                    return on.submit(job);
                })
                .toList();
    }

    private static void awaitAll(OnCluster on, List<String> jobs, String state) {
        for (String id : jobs)
            Cluster.until(id + " is " + state, () -> on.state(id).equals(state));
    }

    private static void caughtUp(OnCluster on, List<String> jobs, String state) {
        Instant begun = Instant.now();
        awaitAll(on, jobs, state);
        Duration taken = Duration.between(begun, Instant.now());
        LOG.log(System.Logger.Level.INFO, "{0} jobs known to be {1} after {2}", jobs.size(), state, taken);
        assertTrue(taken.compareTo(MOST_TO_CATCH_UP) <= 0, "caught up after " + taken);
    }

    /** None was killed, and none started again. */
    private static void areAsBefore(OnCluster on, List<String> jobs, List<String> uids) {
        for (String id : jobs) {
            JsonNode job = on.server().get("/api/v1/jobs/" + id).json();
            assertEquals("running", job.path("state").asString(), job.toString());
            assertEquals(1, job.path("attempt").asInt(), job.toString());
            List<Pod> pods = on.pods(id);
            assertEquals(1, pods.size(), pods.toString());
            assertEquals("Running", pods.getFirst().getStatus().getPhase());
        }
        assertEquals(uids, uids(on, jobs));
    }

    private static List<String> uids(OnCluster on, List<String> jobs) {
        return jobs.stream()
                .map(id -> on.jobs(id).getFirst().getMetadata().getUid() + " "
                        + on.pods(id).getFirst().getMetadata().getUid())
                .toList();
    }

    private static void finish(Cluster cluster, Pod pod) {
        cluster.client().resource(pod).edit(it -> {
            it.getMetadata().getAnnotations().put("cluster.trainyard.io/run-for", "0s");
            return it;
        });
    }

    @Test
    void a_slow_list_of_pods_after_a_restart_changes_nothing_that_is_known(Cluster cluster) {
        try (var proxy = new FaultProxy(Rights.granted(cluster, cluster.namespace()));
                var on = on(proxy, cluster)) {
            String id = on.submit(on.scripted(Kind.JOB, "script", "image-pull-back-off"));
            on.awaitReason(id, "image_pull");
            String before = on.server().get("/api/v1/jobs/" + id + "/events").text();
            proxy.script(call -> call.lists("pods") ? new Fault.Delay(Duration.ofSeconds(4)) : new Fault.None());
            on.restart();
            on.await(on.submit(on.scripted(Kind.JOB, "run-for", "0s")), "succeeded");
            assertEquals(
                    before, on.server().get("/api/v1/jobs/" + id + "/events").text());
            on.cancelled(id);
        }
    }

    @Test
    void an_API_server_that_is_killed_and_comes_back_with_its_data_has_killed_nothing(Cluster cluster) {
        String namespace = cluster.hostNamespace();
        try (var on = new OnCluster(home, cluster, namespace)) {
            String id = on.submit(Kind.JOB.shell("for second in 1 2 3 4 5 6 7 8; do echo $second; sleep 1; done"));
            String waiting = on.submit(Kind.JOB.shell("trap 'exit 0' TERM; while :; do sleep 0.1; done"));
            awaitAll(on, List.of(id, waiting), "running");
            cluster.killApi();
            String meanwhile = on.submit(Kind.JOB.shell("echo late"));
            assertEquals("running", on.state(id));
            cluster.startApi();
            for (String each : List.of(id, meanwhile)) {
                JsonNode done = on.await(each, "succeeded");
                assertEquals(1, done.path("attempts").size(), done.toString());
            }
            assertEquals(List.of("1", "2", "3", "4", "5", "6", "7", "8"), on.lines(id));
            assertEquals(List.of("late"), on.lines(meanwhile));
            assertEquals("running", on.state(waiting));
            on.cancelled(waiting);
        }
    }
}
