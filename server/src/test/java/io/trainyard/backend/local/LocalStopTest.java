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
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.job.Cause;
import io.trainyard.job.Observation.Active;
import io.trainyard.job.Observation.Ended;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
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
class LocalStopTest {
    private static final Duration NEVER = Duration.ofHours(1);
    /** Forks twice, leaves the session, ignores SIGTERM, and says who it is. */
    private static final String STUBBORN = "(setsid sh -c 'trap \"\" TERM; echo $$; while :; do sleep 1; done' &) & ";

    @TempDir
    Path folder;

    private LocalWorld world;

    @BeforeEach
    void world() {
        world = new LocalWorld(folder);
    }

    @Test
    void stop_asks_politely_and_the_program_may_finish_its_work() {
        var attempt =
                world.started(shell("trap 'echo saved; exit 143' TERM; echo ready; while :; do sleep 0.01; done"));
        world.lines(attempt, 1);
        world.backend.stop(attempt, Optional.empty(), NEVER);
        assertEquals(Cause.SIGNAL, world.failed(attempt).cause());
        assertEquals("ready\nsaved\n", world.output(attempt));
    }

    @Test
    void a_stop_that_a_crash_cut_short_goes_on_at_the_next_look() {
        var attempt =
                world.started(shell("trap 'echo saved; exit 143' TERM; echo ready; while :; do sleep 0.01; done"));
        world.lines(attempt, 1);
        // The server died after it had written the deadline and before it sent SIGTERM.
        world.folder(attempt).stopBefore(Machine.here().uptime().plus(NEVER));
        world.restart();
        assertEquals(Cause.SIGNAL, world.failed(attempt).cause());
        assertEquals("ready\nsaved\n", world.output(attempt));
    }

    @Test
    void a_stop_taken_up_long_after_its_deadline_still_kills() {
        var attempt = world.started(shell("trap '' TERM; echo ready; while :; do sleep 0.05; done"));
        world.lines(attempt, 1);
        world.folder(attempt).stopBefore(Machine.here().uptime().minus(Duration.ofMinutes(2)));
        world.restart();
        world.backend.stop(attempt, Optional.empty(), NEVER);
        assertEquals(Cause.SIGNAL, world.failed(attempt).cause());
    }

    @Test
    void a_program_saving_its_work_is_not_told_again_by_a_server_started_anew() {
        var attempt = world.started(shell("trap 'echo told' TERM; echo ready; while :; do sleep 0.01; done"));
        world.lines(attempt, 1);
        world.backend.stop(attempt, Optional.empty(), Duration.ofSeconds(2));
        world.lines(attempt, 2);
        until(() -> world.folder(attempt).toldToStop(), () -> "not written down");
        world.restart();
        world.ended(attempt);
        assertEquals("ready\ntold\n", world.output(attempt));
    }

    @Test
    void sigterm_reaches_children_that_left_the_session() {
        var attempt = world.started(shell(
                "setsid sh -c 'trap \"echo told; exit 0\" TERM; echo ready; while :; do sleep 0.01; done' & wait"));
        world.lines(attempt, 1);
        world.backend.stop(attempt, Optional.empty(), NEVER);
        world.ended(attempt);
        assertEquals("ready\ntold\n", world.output(attempt));
    }

    @Test
    void no_child_survives_that_forked_twice_left_the_session_and_ignores_sigterm() {
        var attempt = world.started(shell(STUBBORN + "trap '' TERM; echo $$; while :; do sleep 1; done"));
        var pids = world.lines(attempt, 2).stream().map(Long::valueOf).toList();
        world.backend.stop(attempt, Optional.empty(), Duration.ofMillis(300));
        world.ended(attempt);
        pids.forEach(pid -> assertFalse(alive(pid), "process " + pid + " survived"));
    }

    @Test
    void a_program_that_ignores_sigterm_dies_after_the_grace_and_not_before() {
        var attempt = world.started(shell("trap '' TERM; echo ready; while :; do sleep 0.05; done"));
        world.lines(attempt, 1);
        var asked = Instant.now();
        world.backend.stop(attempt, Optional.empty(), Duration.ofMillis(500));
        assertInstanceOf(Active.class, world.seen(attempt));
        var failure = world.failed(attempt);
        assertTrue(Duration.between(asked, Instant.now()).toMillis() >= 490);
        assertEquals(Cause.SIGNAL, failure.cause());
        assertTrue(failure.detail().contains("SIGKILL"), failure.detail());
    }

    @Test
    void it_has_not_ended_while_a_child_is_within_its_grace() {
        var attempt = world.started(shell(STUBBORN + "echo ready; while :; do sleep 0.01; done"));
        long stubborn = world.lines(attempt, 2).stream()
                .filter(line -> !line.equals("ready"))
                .mapToLong(Long::valueOf)
                .findFirst()
                .orElseThrow();
        world.backend.stop(attempt, Optional.empty(), Duration.ofSeconds(2));
        until(() -> world.folder(attempt).exit().isPresent(), () -> "the program did not end");
        assertInstanceOf(Active.class, world.seen(attempt));
        world.ended(attempt);
        assertFalse(alive(stubborn));
    }

    @Test
    void a_child_without_its_environment_is_found_by_its_session() {
        var attempt =
                world.started(shell("(env -i /bin/sleep 600 &) ; env -i /bin/sleep 601 & echo $!; echo ready; wait"));
        world.lines(attempt, 2);
        var mine = sleepers(attempt.job().value(), world.seen(attempt));
        assertEquals(2, mine.size());
        world.backend.stop(attempt, Optional.empty(), NEVER);
        world.ended(attempt);
        mine.forEach(pid -> assertFalse(alive(pid)));
    }

    private static List<Long> sleepers(String why, Object seen) {
        long shim = Long.parseLong(
                assertInstanceOf(Active.class, seen, why).handle().name());
        var table = new ProcessTable(Path.of("/proc"));
        var found = new ArrayList<Long>();
        until(
                () -> {
                    found.clear();
                    ProcessHandle.allProcesses()
                            .filter(process -> process.info()
                                    .command()
                                    .filter(command -> command.endsWith("sleep"))
                                    .isPresent())
                            .map(ProcessHandle::pid)
                            .filter(pid -> table.find(pid)
                                    .filter(entry -> entry.session() == shim)
                                    .isPresent())
                            .forEach(found::add);
                    return found.size() == 2;
                },
                () -> "sleepers: " + found);
        return found;
    }

    @Test
    void a_stop_before_the_launch_keeps_it_from_ever_starting() throws Exception {
        var ledger = folder.resolve("ledger");
        var attempt = attempt();
        world.backend.stop(attempt, Optional.empty(), NEVER);
        assertEquals(attempt.job(), world.woken.poll(20, TimeUnit.SECONDS));
        var launch = launch(attempt, shell("echo started >> " + ledger));
        accepted(world.backend.launch(launch));
        assertEquals(new Ended(Endings.NEVER_RAN, Duration.ZERO), world.seen(attempt));
        world.restart();
        accepted(world.backend.launch(launch));
        assertEquals("", text(ledger));
    }

    @Test
    void a_stop_at_the_moment_of_the_launch_leaves_nothing_running() throws Exception {
        try (var threads = Executors.newFixedThreadPool(2)) {
            for (int round = 0; round < 15; round++) {
                var attempt = attempt();
                Callable<Object> launch = () -> world.backend.launch(launch(attempt, shell("sleep 600")));
                Callable<Object> stop = () -> {
                    world.backend.stop(attempt, Optional.empty(), NEVER);
                    return attempt;
                };
                threads.invokeAll(List.of(launch, stop)).forEach(future -> future.resultNow());
                world.ended(attempt);
                // The loser of the two may take an instant more to find that out.
                String mark = world.backend.mark(world.folder(attempt));
                var table = new ProcessTable(Path.of("/proc"));
                until(() -> table.tree(mark, Optional.empty()).isEmpty(), () -> "left in round");
            }
        }
    }

    @Test
    void a_stop_may_be_said_again_at_any_time() {
        var attempt = world.started(shell("trap 'echo told; exit 0' TERM; echo ready; while :; do sleep 0.01; done"));
        world.lines(attempt, 1);
        for (int i = 0; i < 5; i++) world.backend.stop(attempt, Optional.empty(), NEVER);
        world.ended(attempt);
        world.backend.stop(attempt, Optional.empty(), NEVER);
        assertEquals("ready\ntold\n", world.output(attempt));
    }

    @Test
    void a_server_started_anew_honours_the_grace_that_runs_already() {
        var attempt = world.started(shell("trap '' TERM; echo ready; while :; do sleep 0.05; done"));
        world.lines(attempt, 1);
        world.backend.stop(attempt, Optional.empty(), Duration.ofSeconds(1));
        world.restart();
        world.backend.stop(attempt, Optional.empty(), NEVER);
        assertTrue(world.failed(attempt).detail().contains("SIGKILL"));
    }

    @Test
    void a_shorter_grace_said_later_counts() {
        var attempt = world.started(shell("trap '' TERM; echo ready; while :; do sleep 0.05; done"));
        world.lines(attempt, 1);
        world.backend.stop(attempt, Optional.empty(), NEVER);
        world.backend.stop(attempt, Optional.empty(), Duration.ZERO);
        assertTrue(world.failed(attempt).detail().contains("SIGKILL"));
    }
}
