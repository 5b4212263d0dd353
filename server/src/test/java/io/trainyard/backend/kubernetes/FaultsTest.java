package io.trainyard.backend.kubernetes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.backend.attempts.Kind;
import io.trainyard.backend.attempts.OnCluster;
import io.trainyard.backend.attempts.Rights;
import io.trainyard.cluster.Cluster;
import io.trainyard.cluster.ClusterProcess;
import io.trainyard.cluster.FaultProxy;
import io.trainyard.cluster.FaultProxy.Call;
import io.trainyard.cluster.FaultProxy.Fault;
import io.trainyard.cluster.RealCluster;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Real: the same jobs come to the same ends, whatever happens on the way between the server and its cluster. */
@RealCluster
class FaultsTest {
    private static final Set<String> FINAL = Set.of("succeeded", "failed", "cancelled");
    private static final System.Logger LOG = System.getLogger(FaultsTest.class.getName());
    private static final String JOB = "trainyard.io/job";

    @TempDir
    Path home;

    enum Weather {
        CALM,
        WATCHES_EXPIRE,
        EVERY_CONNECTION_IS_CUT_AFTER_A_SECOND,
        THE_SERVER_IS_BUSY,
        ANSWERS_ARE_LOST,
        PODS_ARE_SLOW,
        ALL_AT_ONCE;

        private Fault of(Call call) {
            return switch (this) {
                case CALM -> new Fault.None();
                case WATCHES_EXPIRE -> call.watches() ? expired(call) : new Fault.None();
                case EVERY_CONNECTION_IS_CUT_AFTER_A_SECOND -> new Fault.Cut(Duration.ofSeconds(1));
                case THE_SERVER_IS_BUSY -> busy(call);
                case ANSWERS_ARE_LOST ->
                    call.method().equals("GET") ? new Fault.None() : every(2, call, new Fault.LoseAnswer());
                case PODS_ARE_SLOW -> call.lists("pods") ? new Fault.Delay(Duration.ofSeconds(3)) : new Fault.None();
                case ALL_AT_ONCE -> anything(call);
            };
        }

        private static Fault every(int nth, Call call, Fault fault) {
            return rolled(call, nth) == 0 ? fault : new Fault.None();
        }

        private static Fault busy(Call call) {
            return switch (rolled(call, 6)) {
                case 0 -> new Fault.Answer(429, "TooManyRequests");
                case 1 -> new Fault.Answer(503, "ServiceUnavailable");
                default -> new Fault.None();
            };
        }

        /** Not in turn: a repeated try would meet the same answer at the same place again and again. */
        private static int rolled(Call call, int sides) {
            return new SplittableRandom(call.number()).nextInt(sides);
        }

        private static Fault expired(Call call) {
            return switch (rolled(call, 3)) {
                case 0 -> new Fault.Answer(410, "Expired");
                case 1 -> new Fault.Forget();
                default -> new Fault.Cut(Duration.ofSeconds(2));
            };
        }

        private static Fault anything(Call call) {
            return switch (rolled(call, 11)) {
                case 0 -> new Fault.Answer(503, "ServiceUnavailable");
                case 2 -> new Fault.LoseAnswer();
                case 4 -> call.watches() ? new Fault.Forget() : new Fault.Answer(429, "TooManyRequests");
                case 7 -> new Fault.Delay(Duration.ofSeconds(1));
                default -> new Fault.Cut(Duration.ofSeconds(3));
            };
        }
    }

    /**
     * What each comes to, by the cause for those that fail.
     *
     * @param many how many of those that there are many of
     */
    private static Map<ObjectNode, String> jobs(OnCluster on, Kind kind, int many) {
        var jobs = new LinkedHashMap<ObjectNode, String>();
        for (int i = 0; i < 3 * many; i++)
            jobs.put(on.scripted(kind, "run-for", (i % 3) * 500 + "ms", "number", "" + i), "succeeded");
        for (int i = 0; i < many; i++)
            jobs.put(on.scripted(kind, "exit-code", "3", "number", "" + i), "failed: exit_code");
        for (int i = 0; i < many; i++)
            jobs.put(on.scripted(kind, "script", "oom-killed", "number", "" + i), "failed: out_of_memory");
        for (int i = 0; i < 2; i++) {
            jobs.put(on.scripted(kind, "script", "invalid-image-name", "number", "" + i), "failed: image");
            ObjectNode evicted = on.scripted(kind, "script", "evicted", "number", "" + i);
            evicted.putObject("policy").put("infrastructure_attempts", 1);
            jobs.put(evicted, "failed: evicted");
            ObjectNode secret = on.scripted(kind, "run-for", "1s", "number", "s" + i);
            secret.withObject("/container/environment").putObject("KEY").put("secret", "canary");
            jobs.put(secret, "succeeded");
            ObjectNode gang = on.scripted(kind, "run-for", "1s", "number", "g" + i);
            gang.withObject("/resources").put("nodes", 2);
            jobs.put(gang, "succeeded");
        }
        return jobs;
    }

    private static ObjectNode job(OnCluster on, String... marks) {
        return on.scripted(Kind.JOB, marks);
    }

    private OnCluster on(FaultProxy proxy, Cluster cluster) {
        return new OnCluster(home, cluster, proxy, cluster.namespace(), OnCluster.withoutOutput());
    }

    private static String end(JsonNode job) {
        String cause = job.path("cause").asString("");
        return job.path("state").asString("") + (cause.isEmpty() ? "" : ": " + cause);
    }

    static List<Arguments> everyKindInAllWeathers() {
        return Stream.of(Kind.values())
                .flatMap(kind -> Stream.of(Weather.values()).map(weather -> Arguments.of(kind, weather)))
                .toList();
    }

    @ParameterizedTest
    @MethodSource("everyKindInAllWeathers")
    void jobs_come_to_the_same_ends_in_all_weathers_and_each_is_created_once(
            Kind kind, Weather weather, Cluster cluster) {
        try (var proxy = new FaultProxy(Rights.granted(cluster, cluster.namespace()));
                var on = on(proxy, cluster)) {
            proxy.script(weather::of);
            var expected = new LinkedHashMap<String, String>();
            jobs(on, kind, kind == Kind.JOB ? 4 : 1).forEach((job, end) -> expected.put(on.submit(job), end));
            String cancelled = on.submit(on.scripted(kind, "run-for", "10m"));
            Cluster.until("it runs", () -> on.state(cancelled).equals("running"));
            on.cancel(cancelled);
            expected.put(cancelled, "cancelled");

            var ends = new LinkedHashMap<String, String>();
            for (String id : expected.keySet()) {
                Cluster.until(expected.get(id) + " is the end of " + id, () -> FINAL.contains(on.state(id)));
                JsonNode job = on.server().get("/api/v1/jobs/" + id).json();
                ends.put(id, end(job));
                assertEquals(1, job.path("attempts").size(), job.toString());
            }
            assertEquals(expected, ends);
            assertEquals(expected.size(), proxy.created().size());
            assertEquals(Set.of(1), Set.copyOf(proxy.created().values()), "each is created once");
            proxy.script(_ -> new Fault.None());
            for (String id : expected.keySet())
                Cluster.until(
                        "nothing is left behind", () -> on.objects(kind, id).isEmpty() && on.companions(id) == 0);
        }
    }

    private static List<io.fabric8.kubernetes.api.model.batch.v1.Job> ours(Cluster cluster) {
        return cluster.client()
                .batch()
                .v1()
                .jobs()
                .inNamespace(cluster.namespace())
                .withLabel(JOB)
                .list()
                .getItems();
    }

    @Test
    void while_nobody_answers_nothing_is_killed_or_started_again_and_all_is_known_soon_after(Cluster cluster) {
        outage(cluster, 15, Duration.ofSeconds(12));
    }

    @Tag("long")
    @Test
    void two_minutes_without_an_API_server_cost_none_of_five_hundred_jobs_anything() throws IOException {
        try (var process = ClusterProcess.withNodes(10);
                var cluster = process.forClass(FaultsTest.class)) {
            outage(cluster, 250, Duration.ofMinutes(2));
        }
    }

    /** @param half of the jobs stay, and as many end while nobody answers */
    private void outage(Cluster cluster, int half, Duration length) {
        try (var proxy = new FaultProxy(Rights.granted(cluster, cluster.namespace()));
                var on = on(proxy, cluster)) {
            var staying = new ArrayList<String>();
            var ending = new ArrayList<String>();
            for (int i = 0; i < half; i++) {
                staying.add(on.submit(job(on, "run-for", "1h", "number", "" + i)));
                ending.add(on.submit(job(on, "run-for", "1h", "number", "e" + i)));
            }
            for (String id : staying)
                Cluster.until("it runs", () -> on.state(id).equals("running"));
            for (String id : ending) Cluster.until("it runs", () -> on.state(id).equals("running"));
            List<String> before = uids(cluster);

            proxy.refuse();
            Instant back = Instant.now().plus(length);
            for (String id : ending) finish(cluster, on.pods(id).getFirst());
            Cluster.until(length, "the outage is over", () -> Instant.now().isAfter(back));
            for (String id : staying) assertEquals("running", on.state(id));
            for (String id : ending) assertEquals("running", on.state(id));
            proxy.accept();

            Instant accepted = Instant.now();
            for (String id : ending)
                Cluster.until("it is known", () -> on.state(id).equals("succeeded"));
            Duration caughtUp = Duration.between(accepted, Instant.now());
            assertTrue(caughtUp.compareTo(Duration.ofSeconds(10)) <= 0, "caught up after " + caughtUp);
            LOG.log(System.Logger.Level.INFO, "{0} jobs caught up after {1}", 2 * half, caughtUp);
            for (String id : staying) {
                JsonNode job = on.server().get("/api/v1/jobs/" + id).json();
                assertEquals("running", job.path("state").asString());
                assertEquals(1, job.path("attempt").asInt());
            }
            assertEquals(1, Set.copyOf(proxy.created().values()).size());
            assertTrue(before.containsAll(uids(cluster)), "none was started again");
            assertEquals(
                    staying.size(),
                    cluster.client()
                            .pods()
                            .inNamespace(cluster.namespace())
                            .withField("status.phase", "Running")
                            .list()
                            .getItems()
                            .size());
            for (String id : staying) on.server().post("/api/v1/jobs/" + id + "/cancel", "");
            for (String id : staying)
                Cluster.until("it is cancelled", () -> on.state(id).equals("cancelled"));
        }
    }

    @Test
    void a_slow_list_of_pods_after_a_restart_changes_nothing_that_is_known(Cluster cluster) {
        try (var proxy = new FaultProxy(Rights.granted(cluster, cluster.namespace()));
                var on = on(proxy, cluster)) {
            String id = on.submit(job(on, "script", "image-pull-back-off"));
            on.awaitReason(id, "image_pull");
            String before = on.server().get("/api/v1/jobs/" + id + "/events").text();
            proxy.script(call -> call.lists("pods") ? new Fault.Delay(Duration.ofSeconds(4)) : new Fault.None());
            on.restart();
            on.await(on.submit(job(on, "run-for", "0s")), "succeeded");
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
            Cluster.until("it runs", () -> on.state(id).equals("running"));
            Cluster.until("it runs", () -> on.state(waiting).equals("running"));
            cluster.killApi();
            String meanwhile = on.submit(Kind.JOB.shell("echo late"));
            assertEquals("running", on.state(id));
            cluster.startApi();
            for (String each : List.of(id, meanwhile)) {
                on.await(each, "succeeded");
                assertEquals(
                        1,
                        on.server()
                                .get("/api/v1/jobs/" + each)
                                .json()
                                .path("attempts")
                                .size());
            }
            assertEquals(List.of("1", "2", "3", "4", "5", "6", "7", "8"), on.lines(id));
            assertEquals(List.of("late"), on.lines(meanwhile));
            assertEquals("running", on.state(waiting));
            on.cancelled(waiting);
        }
    }

    private static List<String> uids(Cluster cluster) {
        return ours(cluster).stream().map(job -> job.getMetadata().getUid()).toList();
    }

    private static void finish(Cluster cluster, io.fabric8.kubernetes.api.model.Pod pod) {
        cluster.client().resource(pod).edit(it -> {
            it.getMetadata().getAnnotations().put("cluster.trainyard.io/run-for", "0s");
            return it;
        });
    }
}
