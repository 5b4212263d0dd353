package io.trainyard.backend.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.trainyard.job.Attempt;
import io.trainyard.job.Cause;
import io.trainyard.job.Grant;
import io.trainyard.job.Handle;
import io.trainyard.job.JobId;
import io.trainyard.job.Observation.Active;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@EnabledOnOs(OS.LINUX)
class LocalRestartTest {
    private static final String JOB = "job_0190a000-0000-7000-8000-000000000001";

    @TempDir
    Path folder;

    /** A server in a process of its own: launches, says the handle, and waits to be killed. */
    static final class Server {
        private Server() {}

        public static void main(String[] arguments) throws Exception {
            var home = Path.of(arguments[0]);
            var settings = new LocalSettings(
                    home,
                    home,
                    Optional::empty,
                    LocalSettings.Limits.DETECTED,
                    true,
                    LocalSettings.Script.OURS,
                    List.of(),
                    Set.of());
            var backend = new LocalBackend(settings, _ -> {}, InstantSource.system());
            var launched = backend.launch(
                    LocalWorld.launch(attempt(), LocalWorld.spec(LocalWorld.shell(arguments[1])), Map.of()));
            Files.writeString(
                    home.resolveSibling("launched"),
                    LocalWorld.accepted(launched).name() + "\n");
            Thread.currentThread().join();
        }
    }

    private static Attempt attempt() {
        return new Attempt(new JobId(JOB), 1, LocalBackend.NAME, new Grant(List.of(), 1, 1));
    }

    @Test
    void kill_9_of_the_server_leaves_its_children_running_and_their_end_known() throws Exception {
        var world = new LocalWorld(folder);
        var go = folder.resolve("go");
        String script = "echo before; until [ -e " + go + " ]; do sleep 0.01; done; echo after; echo bad >&2; exit 9";
        var server = new ProcessBuilder(
                        ProcessHandle.current().info().command().orElseThrow(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Server.class.getName(),
                        world.home.toString(),
                        script)
                .redirectErrorStream(true)
                .start();
        var launched = folder.resolve("launched");
        LocalWorld.until(
                () -> LocalWorld.text(launched).endsWith("\n") || !server.isAlive(), () -> "the server does not start");
        if (!server.isAlive()) {
            try (var output =
                    new BufferedReader(new InputStreamReader(server.getInputStream(), StandardCharsets.UTF_8))) {
                throw new AssertionError(String.join("\n", output.lines().toList()));
            }
        }
        server.destroyForcibly().waitFor();
        var active = assertInstanceOf(Active.class, world.seen(attempt()));
        assertEquals(LocalWorld.text(launched).strip(), active.handle().name());
        assertNotEquals(0, Long.parseLong(active.handle().uid()));
        Handle known = active.handle();
        Files.createFile(go);
        var failure = world.failed(attempt());
        assertEquals(Cause.EXIT_CODE, failure.cause());
        assertEquals("exited with code 9: bad", failure.detail());
        assertEquals("before\nafter\n", world.output(attempt()));
        assertEquals(world.seen(attempt()), world.backend.observe(attempt(), Optional.of(known)));
    }
}
