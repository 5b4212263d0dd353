package io.trainyard.backend.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Both ways to start a shim give the program the same world. */
@EnabledOnOs(OS.LINUX)
class ShimTest {
    enum Way {
        SPAWN,
        SETSID
    }

    private static final Map<String, String> ENVIRONMENT = Map.of("PATH", "/usr/bin:/bin", "WORD", "two wörds = 1");

    @TempDir
    Path home;

    private Folder folder;

    @BeforeEach
    void folder() throws IOException {
        folder = Folder.of(home, LocalWorld.attempt());
        folder.make();
        folder.makeOutputFiles();
    }

    private Shim.Child start(Way way, String... command) throws IOException {
        Optional<Spawn> spawn = way == Way.SPAWN ? Spawn.ofThisMachine() : Optional.empty();
        assumeTrue(
                way == Way.SETSID || spawn.isPresent(),
                "the C library here has no posix_spawn with chdir and closefrom");
        return new Shim(home, spawn).start(folder, "host boot", List.of(command), ENVIRONMENT);
    }

    private String printed(Way way, String script) throws Exception {
        var child = start(way, "/bin/sh", "-c", script);
        assertEquals(0, child.exit().get(20, TimeUnit.SECONDS));
        assertEquals("", Files.readString(folder.stderr()));
        return Files.readString(folder.stdout());
    }

    @ParameterizedTest
    @EnumSource
    void a_program_gets_its_environment_and_nothing_of_ours(Way way) throws Exception {
        String lines = printed(way, "env | grep -v -e ^PWD= -e ^OLDPWD= -e ^_= -e ^SHLVL= | sort");
        assertEquals("PATH=/usr/bin:/bin\nWORD=two wörds = 1\n", lines);
    }

    @ParameterizedTest
    @EnumSource
    void a_program_starts_in_its_folder_with_three_open_files(Way way) throws Exception {
        // The fourth is the list's own.
        String lines = printed(way, "pwd; ls /proc/self/fd | wc -l; readlink /proc/self/fd/0");
        assertEquals(folder.work().toRealPath() + "\n4\n/dev/null\n", lines);
    }

    @ParameterizedTest
    @EnumSource
    void the_shim_leads_a_session_of_its_own(Way way) throws Exception {
        var child = start(way, "/bin/sleep", "60");
        try {
            LocalWorld.until(() -> folder.started() instanceof Folder.Started.By, () -> "the shim does not start");
            var entry = new ProcessTable(Path.of("/proc")).find(child.pid()).orElseThrow();
            assertEquals(entry.pid(), entry.session());
        } finally {
            var process = ProcessHandle.of(child.pid()).orElseThrow();
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
        assertEquals(128 + 9, child.exit().get(20, TimeUnit.SECONDS));
        // Collected: a zombie would still be listed.
        assertTrue(Files.notExists(Path.of("/proc/" + child.pid())));
    }

    @ParameterizedTest
    @EnumSource
    void a_program_that_is_not_there_is_its_own_failure(Way way) throws Exception {
        var child = start(way, "/no/such/program");
        assertEquals(0, child.exit().get(20, TimeUnit.SECONDS));
        assertTrue(folder.exit().orElseThrow().status() == 127);
    }

    @ParameterizedTest
    @EnumSource
    void a_command_beyond_what_the_machine_takes_is_told(Way way) {
        var e = assertThrows(IOException.class, () -> start(way, "/bin/echo", "x".repeat(200_000)));
        assertTrue(Launcher.TOO_LONG.matcher(e.getMessage()).find(), e.getMessage());
    }
}
