package io.trainyard.backend.kubernetes;

import static org.junit.jupiter.api.Assertions.assertEquals;

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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Stream;
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
}
