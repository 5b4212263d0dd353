package io.trainyard.backend.local;

import static io.trainyard.backend.local.LocalWorld.accepted;
import static io.trainyard.backend.local.LocalWorld.alive;
import static io.trainyard.backend.local.LocalWorld.attempt;
import static io.trainyard.backend.local.LocalWorld.launch;
import static io.trainyard.backend.local.LocalWorld.shell;
import static io.trainyard.backend.local.LocalWorld.text;
import static io.trainyard.backend.local.LocalWorld.until;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.job.Attempt;
import io.trainyard.job.Cause;
import io.trainyard.job.Handle;
import io.trainyard.job.Observation;
import io.trainyard.job.Observation.Active;
import io.trainyard.job.Observation.Ended;
import io.trainyard.job.Observation.Ending;
import io.trainyard.job.Observation.Missing;
import io.trainyard.job.Observation.Waiting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@EnabledOnOs(OS.LINUX)
class LocalSupervisionTest {
    @TempDir
    Path folder;

    private LocalWorld world;

    @BeforeEach
    void world() {
        world = new LocalWorld(folder);
    }

    @Test
    void at_the_start_the_output_of_attempts_that_are_over_goes_and_that_of_the_live_stays() {
        var over = world.started(shell("echo secret"));
        var live = world.started(shell("echo still here"));
        world.lines(over, 1);
        world.lines(live, 1);
        world.ended(over);
        world.ended(live);
        world.restart();
        world.backend.keepOnly(List.of(live));
        assertEquals("", world.output(over));
        assertEquals("still here\n", world.output(live));
    }

    @Test
    void an_attempt_never_launched_is_missing() {
        assertInstanceOf(Missing.class, world.seen(attempt()));
    }

    @Test
    void output_and_exit_code_are_known() {
        var attempt = world.started(shell("echo out; echo err >&2; exit 3"));
        assertEquals(new Ending.Failure(Cause.EXIT_CODE, "exited with code 3: err"), world.failed(attempt));
        assertEquals("out\n", world.output(attempt));
    }

    @Test
    void the_end_of_a_process_wakes_with_its_job() throws Exception {
        var attempt = world.started(shell("exit 0"));
        assertEquals(attempt.job(), world.woken.poll(20, TimeUnit.SECONDS));
        assertInstanceOf(Ending.Success.class, world.ended(attempt).ending());
    }

    @Test
    void a_running_attempt_is_active_by_the_clock_that_nobody_sets() {
        var attempt = world.started(shell("sleep 60"));
        var first = assertInstanceOf(Active.class, world.seen(attempt));
        until(
                () -> world.seen(attempt) instanceof Active later
                        && later.elapsed().compareTo(first.elapsed()) > 0,
                () -> "elapsed stands still");
        world.backend.stop(attempt, Optional.empty(), Duration.ZERO);
        assertTrue(world.ended(attempt).ran().compareTo(first.elapsed()) > 0);
    }

    @Test
    void a_server_started_anew_knows_output_and_exit_of_what_ran_on() throws Exception {
        var go = folder.resolve("go");
        var attempt =
                world.started(shell("echo before; until [ -e " + go + " ]; do sleep 0.01; done; echo after; exit 7"));
        world.lines(attempt, 1);
        world.restart();
        var seen = assertInstanceOf(Active.class, world.seen(attempt));
        Files.createFile(go);
        assertEquals(attempt.job(), world.woken.poll(20, TimeUnit.SECONDS));
        assertEquals(Cause.EXIT_CODE, world.failed(attempt).cause());
        assertEquals("before\nafter\n", world.output(attempt));
        assertInstanceOf(Ended.class, world.backend.observe(attempt, Optional.of(seen.handle())));
    }

    @Test
    void launch_said_twice_starts_once() {
        var ledger = folder.resolve("ledger");
        var attempt = attempt();
        var launch = launch(attempt, shell("echo started >> " + ledger + "; sleep 0.1"));
        var handle = accepted(world.backend.launch(launch));
        assertEquals(handle, accepted(world.backend.launch(launch)));
        world.ended(attempt);
        assertEquals(handle, accepted(world.backend.launch(launch)));
        world.restart();
        assertEquals(handle, accepted(world.backend.launch(launch)));
        assertEquals("started\n", text(ledger));
    }

    @Test
    void two_servers_that_launch_at_the_same_time_start_once() throws Exception {
        var other = world.backend(world.settings(true, Optional.empty()));
        try (var threads = Executors.newFixedThreadPool(4)) {
            for (int round = 0; round < 15; round++) {
                var ledger = folder.resolve("ledger" + round);
                var attempt = attempt();
                var launch = launch(attempt, shell("echo started >> " + ledger));
                Callable<Handle> one = () -> accepted(world.backend.launch(launch));
                Callable<Handle> two = () -> accepted(other.launch(launch));
                var handles = threads.invokeAll(List.of(one, two, one, two)).stream()
                        .map(future -> future.resultNow())
                        .distinct()
                        .toList();
                assertEquals(1, handles.size());
                assertInstanceOf(Ending.Success.class, world.ended(attempt).ending());
                assertEquals("started\n", text(ledger));
            }
        }
    }

    @Test
    void a_shim_killed_alone_is_a_lost_supervisor_once_its_orphans_are_gone() {
        var attempt = world.started(shell("setsid sleep 600 & echo $!; echo $$; wait"));
        var pids = world.lines(attempt, 2).stream().map(Long::valueOf).toList();
        var handle = assertInstanceOf(Active.class, world.seen(attempt)).handle();
        ProcessHandle.of(Long.parseLong(handle.name())).orElseThrow().destroyForcibly();
        assertEquals(Cause.SUPERVISOR_LOST, world.failed(attempt).cause());
        pids.forEach(pid -> assertFalse(alive(pid), "process " + pid + " survived its supervisor"));
    }

    @Test
    void a_signal_to_all_leaves_the_shim_to_write_the_exit() {
        var go = folder.resolve("go");
        var attempt = world.started(
                shell("trap : TERM INT HUP; echo ready; until [ -e " + go + " ]; do sleep 0.01; done; exit 4"));
        world.lines(attempt, 1);
        var shim = ProcessHandle.of(Long.parseLong(assertInstanceOf(Active.class, world.seen(attempt))
                        .handle()
                        .name()))
                .orElseThrow();
        assertTrue(shim.destroy());
        assertTrue(shim.destroy());
        assertInstanceOf(Active.class, world.seen(attempt));
        assertTrue(go.toFile().mkdir());
        assertEquals("exited with code 4", world.failed(attempt).detail());
    }

    @Test
    void what_a_program_leaves_behind_ends_with_it() {
        var attempt = world.started(shell("setsid sleep 600 & echo $!"));
        long pid = Long.parseLong(world.lines(attempt, 1).getFirst());
        assertInstanceOf(Ending.Success.class, world.ended(attempt).ending());
        assertFalse(alive(pid));
    }

    @Test
    void another_process_with_the_same_id_is_not_taken_for_the_shim() throws IOException {
        var attempt = attempt();
        var stranger = new ProcessBuilder("sleep", "600").start();
        try {
            long ticks = new ProcessTable(Path.of("/proc"))
                    .find(stranger.pid())
                    .orElseThrow()
                    .startTicks();
            startedFile(attempt, Machine.here(), stranger.pid(), ticks - 1);
            assertEquals(Cause.SUPERVISOR_LOST, world.failed(attempt).cause());
            assertTrue(stranger.isAlive());
        } finally {
            stranger.destroyForcibly();
        }
    }

    @Test
    void an_attempt_of_an_earlier_boot_is_a_lost_supervisor() throws IOException {
        var attempt = attempt();
        var machine = Machine.here();
        startedFile(attempt, new Machine(machine.hostId(), "earlier", machine.proc()), 1, 1);
        assertEquals(Endings.REBOOTED, world.failed(attempt));
    }

    @Test
    void an_attempt_of_another_machine_is_out_of_reach_and_not_missing() throws IOException {
        var attempt = attempt();
        startedFile(attempt, new Machine("elsewhere", "boot", Path.of("/proc")), 1, 1);
        assertInstanceOf(Observation.Unreachable.class, world.seen(attempt));
        var handle = new Handle("elsewhere", "Process", "boot", "1", "1");
        assertInstanceOf(Observation.Unreachable.class, world.backend.observe(attempt(), Optional.of(handle)));
    }

    @Test
    void an_attempt_about_to_write_that_it_started_is_waiting() throws IOException {
        var attempt = attempt();
        var place = world.folder(attempt);
        place.make();
        Files.createFile(place.path().resolve("started"));
        var builder = new ProcessBuilder("sleep", "600");
        builder.environment().put(Variables.MARK, world.backend.mark(place));
        var shim = builder.start();
        try {
            until(() -> world.seen(attempt) instanceof Waiting, () -> "saw " + world.seen(attempt));
        } finally {
            shim.destroyForcibly();
        }
        assertEquals(Cause.SUPERVISOR_LOST, world.failed(attempt).cause());
    }

    @Test
    void attempts_of_a_job_are_apart() {
        var first = world.started(shell("echo one"));
        world.ended(first);
        var second = new Attempt(first.job(), 2, first.backend(), first.grant());
        assertInstanceOf(Missing.class, world.seen(second));
        accepted(world.backend.launch(launch(second, shell("echo two"))));
        world.ended(second);
        assertEquals("one\n", world.output(first));
        assertEquals("two\n", world.output(second));
        assertNotEquals(world.folder(first), world.folder(second));
    }

    @Test
    void a_shim_is_no_member_of_the_servers_session() {
        var attempt = world.started(shell("sleep 600"));
        var table = new ProcessTable(Path.of("/proc"));
        long shim = Long.parseLong(
                assertInstanceOf(Active.class, world.seen(attempt)).handle().name());
        assertEquals(shim, table.find(shim).orElseThrow().session());
        world.backend.stop(attempt, Optional.empty(), Duration.ZERO);
        world.ended(attempt);
    }

    private void startedFile(Attempt attempt, Machine where, long pid, long ticks) throws IOException {
        var place = world.folder(attempt);
        place.make();
        var stat = pid + " (sh) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 " + ticks + " 0 0\n";
        Files.writeString(place.path().resolve("started"), where.hostId() + " " + where.bootId() + "\n" + stat);
    }
}
