package io.trainyard.backend.local;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.backend.Launched;
import io.trainyard.backend.local.LocalSettings.Limits;
import io.trainyard.backend.local.LocalSettings.Oversize;
import io.trainyard.job.Attempt;
import io.trainyard.job.Cause;
import io.trainyard.job.Observation.Active;
import io.trainyard.spec.Container;
import io.trainyard.spec.JobSpec.Framework;
import io.trainyard.spec.Resources;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;

/**
 * Attempts forked by the trainer's own parent, spared the imports so that any Python will do; what they run is a script
 * that tells of its world. The end-to-end tests have the imports and the training. Long by that script.
 */
@EnabledIf(
        value = "trainerRuns",
        disabledReason = "NOT RUN: no python3 of 3.11 or newer, or no trainer beside the server")
class LocalWarmTest {
    private static final Path REAL = Path.of("..", "trainer").toAbsolutePath().normalize();
    private static final String PARENT = """
            from trainer import warm

            warm.IMPORTS = dict.fromkeys(warm.IMPORTS, ())
            warm.main()
            """;
    /** Everything by which a process could tell that it was forked. */
    private static final String WORLD = """
            import os, random, signal, sys
            for name in sorted(os.environ): print(name, os.environ[name])
            for file in sorted(os.listdir("/proc/self/fd"))[:3]: print(file, os.readlink("/proc/self/fd/" + file))
            print(len(os.listdir("/proc/self/fd")), os.getcwd(), os.umask(0), os.nice(0), sys.argv, sys.orig_argv, sys.path)
            print(__name__, __file__, sys.modules["__main__"].__file__, sys.flags, sys.stdout.write_through)
            print(open("/proc/self/cmdline").read().rstrip(chr(0)).split(chr(0)))
            print(open("/proc/self/oom_score_adj").read(), open("/proc/self/limits").read())
            print([line for line in open("/proc/self/status") if line.startswith(("Sig", "Shd", "Threads", "Cap", "Groups"))])
            print(sorted(filter(None, open("/proc/self/environ").read().split(chr(0)))))
            print(os.getsid(0) == os.getppid() == os.getpgid(0), signal.getsignal(signal.SIGINT), flush=True)
            """;

    private static final String WAIT = """
            import os, subprocess, sys, time
            child = subprocess.Popen(["sleep", "600"], start_new_session=True)
            print(os.getpid(), child.pid, random_state := __import__("random").random(), flush=True)
            while not os.path.exists("../go"): time.sleep(0.01)
            child.kill()
            print("said", file=sys.stderr, flush=True)
            sys.exit(7)
            """;

    @TempDir
    Path folder;

    private LocalWorld world;
    private Path trainer;

    static boolean trainerRuns() {
        return Files.exists(REAL.resolve("warm.py")) && python().isPresent();
    }

    /** What {@code python3} of the search path really is: that may be a script that chooses one. */
    private static Optional<String> python() {
        try {
            var asked = new ProcessBuilder(
                            "python3", "-c", "import sys; print(sys.executable if sys.version_info >= (3, 11) else '')")
                    .start();
            String said = new String(asked.getInputStream().readAllBytes(), UTF_8).strip();
            return Optional.of(said).filter(path -> !path.isEmpty());
        } catch (IOException noPython) {
            return Optional.empty();
        }
    }

    @BeforeEach
    void world() throws IOException {
        world = new LocalWorld(folder);
        trainer = Files.createDirectories(folder.resolve("trainer"));
        Files.createSymbolicLink(trainer.resolve("trainer"), REAL.resolve("trainer"));
        Files.writeString(trainer.resolve("warm.py"), PARENT);
    }

    @AfterEach
    void rest() {
        world.backend.close();
        world.rest();
    }

    private LocalBackend backend(boolean warm) {
        var limits = new Limits(
                Optional.of(4), Optional.of(8L << 30), Optional.of(List.of()), Integer.MAX_VALUE, Oversize.CLAMP);
        var settings = new LocalSettings(
                world.home,
                trainer,
                LocalWarmTest::python,
                limits,
                false,
                LocalSettings.Script.OURS,
                List.of(),
                warm ? Set.of("hf") : Set.of());
        return new LocalBackend(settings, world.woken::add, InstantSource.system());
    }

    private void warm() {
        world.backend = backend(true);
        world.backend.keepWarm();
        LocalWorld.until(() -> world.backend.warm(python().orElseThrow()), this::log);
    }

    private String log() {
        try (var files = Files.list(world.home.resolve("warm"))) {
            return String.join("\n", files.map(LocalWorld::text).toList());
        } catch (IOException e) {
            return e.toString();
        }
    }

    private Attempt started() {
        var attempt = LocalWorld.attempt();
        LocalWorld.accepted(launched(attempt));
        return attempt;
    }

    private Launched launched(Attempt attempt) {
        var container = new Container(Optional.empty(), List.of(), List.of(), List.of());
        var spec =
                LocalWorld.spec(Framework.HF, container, new Resources(1, 0, Optional.empty(), 1, 1, Optional.empty()));
        return world.backend.launch(LocalWorld.launch(attempt, spec, Map.of()));
    }

    /** Whose child the attempt's supervisor is. */
    private boolean forked(Attempt attempt) {
        var by = assertInstanceOf(Folder.Started.By.class, world.folder(attempt).started());
        return LocalWorld.text(Path.of("/proc/" + by.shim().pid() + "/cmdline")).contains("warm.py");
    }

    private void go(Attempt attempt) throws IOException {
        Files.createFile(world.folder(attempt).path().resolve("go"));
    }

    @Test
    void a_forked_job_has_the_very_world_of_a_cold_one() throws IOException {
        Files.writeString(trainer.resolve("train.py"), WORLD);
        warm();
        var warm = started();
        world.ended(warm);
        world.backend.close();
        world.backend = backend(false);
        var cold = started();
        world.ended(cold);
        assertEquals("", LocalWorld.text(world.folder(warm).stderr()));
        String expected = told(cold);
        assertTrue(expected.contains("__main__") && expected.contains("TRAINYARD_ATTEMPT_MARK"), expected);
        assertEquals(expected, told(warm));
    }

    /** Without what differs from attempt to attempt. */
    private String told(Attempt attempt) {
        return world.output(attempt)
                .replace(attempt.job().value(), "JOB")
                .replace(world.backend.mark(world.folder(attempt)), "MARK");
    }

    @Test
    void it_outlives_the_parent_and_the_server_and_its_end_is_told_as_ever() throws IOException {
        Files.writeString(trainer.resolve("train.py"), WAIT);
        warm();
        var attempt = started();
        var other = started();
        assertTrue(forked(attempt));
        var numbers = world.lines(attempt, 1).getFirst().split(" ", -1);
        assertNotEquals(numbers[2], world.lines(other, 1).getFirst().split(" ", -1)[2], "both drew the same");
        world.backend.close();
        world.backend = backend(true);
        assertInstanceOf(Active.class, world.seen(attempt));
        go(attempt);
        var failure = world.failed(attempt);
        assertEquals("exited with code 7: said", failure.detail());
        ProcessHandle.of(Long.parseLong(world.lines(other, 1).getFirst().split(" ", -1)[0]))
                .orElseThrow()
                .destroyForcibly();
        assertEquals(Cause.SIGNAL, world.failed(other).cause());
        assertTrue(world.failed(other).detail().startsWith("killed (SIGKILL)"));
    }

    @Test
    void one_whose_supervisor_dies_is_lost_and_leaves_nothing_running() throws IOException {
        Files.writeString(trainer.resolve("train.py"), WAIT);
        warm();
        var attempt = started();
        var numbers = world.lines(attempt, 1).getFirst().split(" ", -1);
        var by = assertInstanceOf(Folder.Started.By.class, world.folder(attempt).started());
        ProcessHandle.of(by.shim().pid()).orElseThrow().destroyForcibly();
        assertEquals(Cause.SUPERVISOR_LOST, world.failed(attempt).cause());
        for (String number : List.of(numbers).subList(0, 2)) assertFalse(LocalWorld.alive(Long.parseLong(number)));
    }

    @Test
    void one_whose_supervisor_dies_before_it_starts_is_not_sent_and_its_code_is_told() throws IOException {
        Files.writeString(trainer.resolve("train.py"), WAIT);
        Files.writeString(trainer.resolve("warm.py"), """
                import os
                from trainer import warm

                warm.IMPORTS = dict.fromkeys(warm.IMPORTS, ())
                warm._began = lambda request: os._exit(71)
                warm.main()
                """);
        warm();
        var notSent = assertInstanceOf(Launched.NotSent.class, launched(LocalWorld.attempt()));
        assertEquals("the supervisor ended with code 71 before it started", notSent.why());
    }

    @Test
    void a_stop_takes_its_whole_tree() throws IOException {
        Files.writeString(trainer.resolve("train.py"), WAIT);
        warm();
        var attempt = started();
        var numbers = world.lines(attempt, 1).getFirst().split(" ", -1);
        world.backend.stop(attempt, Optional.empty(), Duration.ofSeconds(10));
        assertEquals("ended by SIGTERM", world.failed(attempt).detail());
        for (String number : List.of(numbers).subList(0, 2)) assertFalse(LocalWorld.alive(Long.parseLong(number)));
    }

    @Test
    void a_parent_that_hangs_holds_up_no_launch_and_is_ended() throws IOException {
        Files.writeString(trainer.resolve("train.py"), WAIT);
        Files.writeString(trainer.resolve("warm.py"), """
                import os, time
                print('{"said": "ready", "pid": %d}' % os.getpid(), flush=True)
                time.sleep(600)
                """);
        warm();
        long parent = parent();
        long before = System.nanoTime();
        var attempt = started();
        assertTrue(System.nanoTime() - before < Duration.ofSeconds(10).toNanos());
        assertFalse(forked(attempt));
        LocalWorld.until(() -> !LocalWorld.alive(parent), () -> "the parent still hangs");
        go(attempt);
        world.ended(attempt);
    }

    @Test
    void one_that_was_left_hanging_by_a_killed_server_is_ended_by_the_next() throws IOException {
        Files.writeString(trainer.resolve("warm.py"), """
                import os, time
                print('{"said": "ready", "pid": %d}' % os.getpid(), flush=True)
                time.sleep(600)
                """);
        warm();
        long parent = parent();
        Files.writeString(trainer.resolve("warm.py"), PARENT);
        warm(); // the earlier backend was not closed: its end of the pipe is open, and nobody says goodbye
        LocalWorld.until(() -> !LocalWorld.alive(parent), () -> "the parent was left behind");
    }

    @Test
    void after_a_change_of_the_trainer_a_job_starts_cold_and_the_next_from_a_new_parent() throws Exception {
        Files.writeString(trainer.resolve("train.py"), WAIT);
        warm();
        long parent = parent();
        Files.writeString(trainer.resolve("train.py"), WAIT + "# changed\n");
        assertFalse(world.backend.warm(python().orElseThrow()));
        var attempt = started();
        assertFalse(forked(attempt));
        LocalWorld.until(() -> world.backend.warm(python().orElseThrow()), this::log);
        assertFalse(LocalWorld.alive(parent));
        var next = started();
        assertTrue(forked(next));
        for (var each : List.of(attempt, next)) {
            go(each);
            world.ended(each);
        }
    }

    private long parent() throws IOException {
        try (var files = Files.list(world.home.resolve("warm"))) {
            Path noted = files.filter(each -> each.toString().endsWith(".pid"))
                    .findFirst()
                    .orElseThrow();
            return Long.parseLong(Files.readString(noted).split(" ", -1)[0]);
        }
    }
}
