package io.trainyard.backend.kubernetes;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.trainyard.backend.attempts.Kind;
import io.trainyard.backend.attempts.OnCluster;
import io.trainyard.cluster.Cluster;
import io.trainyard.cluster.RealCluster;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Real: what a process prints is there once, whatever happens to its log and to us. */
@RealCluster
class OutputTest {
    private static final int LINE_BYTES = 1000;
    /** Its log starts anew with the 250th or so, and once more after we are back. */
    private static final int BEFORE = 350;

    private static final int MEANWHILE = BEFORE + 50;
    private static final int ALL = MEANWHILE + 250;

    @TempDir
    Path home;

    @Test
    void over_rotations_of_its_log_and_a_restart_of_the_server_each_line_is_there_once(Cluster cluster) {
        String talk = """
                import os, time
                def say(first, last):
                    for line in range(first, last + 1):
                        print(line, 'x' * %d, flush=True)
                        time.sleep(0.005)
                def await_sign(name):
                    while not os.path.exists('%s/' + name):
                        time.sleep(0.05)
                say(1, %d)
                await_sign('away')
                say(%d, %d)
                open('%s/said', 'w').close()
                await_sign('back')
                say(%d, %d)
                """.formatted(LINE_BYTES, home, BEFORE, BEFORE + 1, MEANWHILE, home, MEANWHILE + 1, ALL);
        try (var on = new OnCluster(home, cluster, cluster.hostNamespace())) {
            String id = on.submit(Kind.JOB.job("python3", "-c", talk));
            Cluster.until("it has said half", () -> numbers(on, id).contains(BEFORE));
            on.server().close();
            OnCluster.touch(home.resolve("away"));
            Cluster.until("it goes on meanwhile", () -> Files.exists(home.resolve("said")));
            on.reopen();
            // What is rotated away while nobody reads is lost; this is not.
            Cluster.until("that is read", () -> numbers(on, id).contains(MEANWHILE));
            OnCluster.touch(home.resolve("back"));
            on.await(id, "succeeded");
            assertEquals(IntStream.rangeClosed(1, ALL).boxed().toList(), numbers(on, id));
        }
    }

    private static List<Integer> numbers(OnCluster on, String id) {
        var numbers = new ArrayList<Integer>();
        for (JsonNode line : on.server()
                .get("/api/v1/jobs/" + id + "/logs?limit=1000")
                .json()
                .path("lines"))
            numbers.add(Integer.valueOf(line.path("text").asString("").split(" ", 2)[0]));
        return numbers;
    }
}
