package io.trainyard.backend.local;

import static io.trainyard.backend.local.LocalWorld.command;
import static io.trainyard.backend.local.LocalWorld.launch;
import static io.trainyard.backend.local.LocalWorld.shell;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.backend.Launched;
import io.trainyard.job.Cause;
import io.trainyard.job.Observation.Ending;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@EnabledOnOs(OS.LINUX)
class LocalEndingTest {
    @TempDir
    Path folder;

    private LocalWorld world;

    @BeforeEach
    void world() {
        world = new LocalWorld(folder);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    exit 1                        | EXIT_CODE   | exited with code 1
                    echo why >&2; exit 5          | EXIT_CODE   | exited with code 5: why
                    echo a >&2; echo >&2; exit 2  | EXIT_CODE   | exited with code 2: a
                    exit 255                      | EXIT_CODE   | exited with code 255
                    exit 126                      | BAD_COMMAND | the command cannot be run
                    no-such-command               | BAD_COMMAND | there is no such command
                    kill -9 $$                    | SIGNAL      | killed (SIGKILL); it may have used too much memory
                    kill -15 $$                   | SIGNAL      | ended by SIGTERM
                    kill -11 $$                   | SIGNAL      | ended by SIGSEGV
                    kill -6 $$                    | SIGNAL      | ended by SIGABRT
                    kill -40 $$                   | SIGNAL      | ended by signal 40
                    """)
    void an_exit_status_has_its_cause(String script, Cause cause, String detail) {
        var failure = world.failed(world.started(shell(script)));
        assertEquals(cause, failure.cause());
        assertTrue(failure.detail().startsWith(detail), failure.detail());
    }

    @ParameterizedTest
    @CsvSource({
        "config, BAD_CONFIGURATION",
        "oom, OUT_OF_MEMORY",
        "data, BAD_DATA",
        "storage, STORAGE",
        "unsupported, UNSUPPORTED",
        "internal, EXIT_CODE"
    })
    void what_the_trainer_says_goes_before_the_status(String kind, Cause cause) {
        var event = "{\"event\":\"failed\",\"kind\":\"" + kind + "\",\"message\":\"it says why\",\"retryable\":false}";
        var attempt = world.started(shell("printf '%s' '" + event + "' > $TRAINER_TERMINATION_LOG; exit 1"));
        assertEquals(new Ending.Failure(cause, "it says why"), world.failed(attempt));
    }

    @Test
    void an_interrupted_trainer_is_no_fault_of_the_job() {
        var attempt = world.started(
                shell("echo '{\"event\":\"interrupted\",\"step\":14}' > $TRAINER_TERMINATION_LOG; exit 1"));
        assertEquals(new Ending.Failure(Cause.INTERRUPTED, "interrupted at step 14"), world.failed(attempt));
    }

    @Test
    void a_trainer_that_stops_at_its_longest_duration_is_not_tried_again() {
        var event = "{\"event\":\"interrupted\",\"step\":14,\"reason\":\"max_duration\"}";
        var attempt = world.started(shell("echo '" + event + "' > $TRAINER_TERMINATION_LOG; exit 143"));
        assertEquals(
                new Ending.Failure(Cause.DEADLINE, "stopped at step 14, its longest duration is over"),
                world.failed(attempt));
    }

    @Test
    void a_termination_file_of_nonsense_counts_for_nothing() {
        assertEquals(
                Cause.EXIT_CODE,
                world.failed(world.started(shell("echo '{\"event\":' > $TRAINER_TERMINATION_LOG; exit 1")))
                        .cause());
        assertInstanceOf(
                Ending.Success.class,
                world.ended(world.started(shell("echo '[1]' > $TRAINER_TERMINATION_LOG")))
                        .ending());
    }

    @Test
    void memory_is_to_blame_when_the_kernel_killed_for_it_meanwhile() throws Exception {
        var place = new Folder(folder);
        assertEquals(Cause.OUT_OF_MEMORY, ((Ending.Failure) Endings.of(137, place, 1)).cause());
        assertEquals(Cause.SIGNAL, ((Ending.Failure) Endings.of(137, place, 0)).cause());
    }

    @Test
    void an_unknown_command_is_refused() {
        var launched = world.backend.launch(launch(LocalWorld.attempt(), command("no-such-command", "x")));
        var refused = assertInstanceOf(Launched.Refused.class, launched);
        assertEquals(Cause.BAD_COMMAND, refused.why().cause());
        assertTrue(refused.why().detail().contains("no-such-command"));
    }

    @Test
    void a_path_that_leads_nowhere_or_cannot_be_run_is_a_bad_command() {
        assertEquals(
                Cause.BAD_COMMAND,
                world.failed(world.started(command("/no/such/file"))).cause());
        assertEquals(
                Cause.BAD_COMMAND,
                world.failed(world.started(command("/etc/passwd"))).cause());
    }

    @Test
    void a_builtin_of_the_shim_is_no_command() {
        var launched = world.backend.launch(launch(LocalWorld.attempt(), command("exit", "0")));
        assertEquals(
                Cause.BAD_COMMAND,
                assertInstanceOf(Launched.Refused.class, launched).why().cause());
    }

    @Test
    void a_long_last_line_is_cut() {
        var failure = world.failed(world.started(shell("head -c 9000 /dev/zero | tr '\\0' x >&2; exit 1")));
        assertTrue(
                failure.detail().length() < 400,
                "characters: " + failure.detail().length());
    }
}
