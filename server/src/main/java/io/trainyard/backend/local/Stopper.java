package io.trainyard.backend.local;

import io.trainyard.backend.local.Folder.Started;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Ends attempts whole: SIGTERM once to every process of the tree, SIGKILL to what is left at the deadline.
 *
 * <p>The shim is spared, since it has the exit still to write; it ends by itself. Work in progress is lost with the
 * server: the deadline and whether SIGTERM was sent stand in the attempt's folder, and the next look goes on with it.
 */
final class Stopper {
    private static final Duration FIRST_LOOK_AFTER = Duration.ofMillis(5);
    private static final Duration LOOK_EVERY = Duration.ofMillis(200);
    /** A process in the middle of an exec shows no environment for an instant: empty counts when seen twice. */
    private static final int LOOKS_THAT_PROVE = 2;
    /** A process that SIGKILL does not end sits in the kernel; the next stop tries again. */
    private static final Duration GIVE_UP_AFTER = Duration.ofMinutes(1);

    private final Machine machine;
    private final ProcessTable processes;
    private final Set<Folder> stopping = ConcurrentHashMap.newKeySet();

    Stopper(Machine machine, ProcessTable processes) {
        this.machine = machine;
        this.processes = processes;
    }

    /** Returns at once. */
    void stop(Folder folder, String mark, Duration grace, Runnable done) {
        folder.stopBefore(machine.uptime().plus(grace));
        goOn(folder, mark, done);
    }

    /** Carries out a stop that was asked for, unless that is under way. Returns at once. */
    void goOn(Folder folder, String mark, Runnable done) {
        if (!stopping.add(folder)) return;
        Thread.ofVirtual().name("stop " + folder.path()).start(() -> {
            try {
                end(folder, mark);
            } finally {
                stopping.remove(folder);
                done.run();
            }
        });
    }

    private void end(Folder folder, String mark) {
        boolean asked = folder.toldToStop();
        var told = new HashSet<Told>();
        // By the deadline alone, a stop taken up late, as after a crash, would be given up before it kills.
        var patience = max(machine.uptime(), folder.stopDeadline().orElse(Duration.ZERO))
                .plus(GIVE_UP_AFTER);
        var wait = FIRST_LOOK_AFTER;
        while (true) {
            // Before the look: while the shim is not known it is among those left, and would be told in the program's
            // place.
            boolean shimKnown = !(folder.started() instanceof Started.Writing);
            var left = left(folder, mark);
            if (left.isEmpty() && over(folder)) return;
            var now = machine.uptime();
            if (now.compareTo(patience) > 0) return;
            if (now.compareTo(folder.stopDeadline().orElse(Duration.ZERO)) >= 0)
                left.forEach(entry -> processes.signal(entry, true));
            else if (!asked && shimKnown && !left.isEmpty() && !beginning(folder, left)) {
                // Once, to those there now: a helper that the program starts to save its work is left in peace.
                left.forEach(entry -> tell(entry, told));
                folder.tellToStop();
                asked = true;
            } else missed(left, told).forEach(entry -> tell(entry, told));
            if (!pause(wait)) return;
            wait = wait.multipliedBy(2).compareTo(LOOK_EVERY) < 0 ? wait.multipliedBy(2) : LOOK_EVERY;
        }
    }

    /**
     * Whether the shim has just split off the program: until that is a program of its own it has the shim's traps, and
     * what it is told is lost.
     */
    private boolean beginning(Folder folder, List<ProcessTable.Entry> left) {
        return folder.started() instanceof Started.By by
                && left.stream()
                        .anyMatch(entry -> processes.alike(entry, by.shim().pid()));
    }

    /** What stays the same about an entry of the process table. */
    private record Told(long pid, long startTicks) {
        static Told of(ProcessTable.Entry entry) {
            return new Told(entry.pid(), entry.startTicks());
        }
    }

    private void tell(ProcessTable.Entry entry, Set<Told> told) {
        processes.signal(entry, false);
        told.add(Told.of(entry));
    }

    /** Made between the look and the signal that ended its parent: an orphan whom nobody told. */
    private static List<ProcessTable.Entry> missed(List<ProcessTable.Entry> left, Set<Told> told) {
        if (told.isEmpty()) return List.of();
        return left.stream()
                .filter(entry -> !told.contains(Told.of(entry)))
                .filter(entry -> left.stream().noneMatch(parent -> parent.pid() == entry.parent()))
                .toList();
    }

    private static Duration max(Duration one, Duration other) {
        return one.compareTo(other) > 0 ? one : other;
    }

    private boolean over(Folder folder) {
        return switch (folder.started()) {
            case Started.No _, Started.Never _, Started.Writing _ -> true;
            case Started.By by -> folder.exit().isPresent() || !processes.alive(by.shim());
        };
    }

    /** Whether a stop is under way that still lets the attempt's processes be. */
    boolean inGrace(Folder folder) {
        return folder.stopDeadline()
                .filter(deadline -> machine.uptime().compareTo(deadline) < 0)
                .isPresent();
    }

    /** Kills what an attempt left behind; true once nothing is there any more. */
    boolean clear(Folder folder, String mark, Duration within) {
        var deadline = machine.uptime().plus(within);
        int empty = 0;
        while (empty < LOOKS_THAT_PROVE) {
            var left = left(folder, mark);
            empty = left.isEmpty() ? empty + 1 : 0;
            left.forEach(entry -> processes.signal(entry, true));
            if (machine.uptime().compareTo(deadline) > 0 || !pause(Duration.ofMillis(left.isEmpty() ? 1 : 5)))
                return false;
        }
        return true;
    }

    /** The attempt's processes without the shim and its tools. */
    List<ProcessTable.Entry> left(Folder folder, String mark) {
        Optional<Supervisor> shim =
                folder.started() instanceof Started.By by ? Optional.of(by.shim()) : Optional.empty();
        var tree = processes.tree(mark, shim);
        if (shim.isEmpty()) return tree;
        long pid = shim.get().pid();
        // Asked after the look: a child of the shim seen before exit.new was there is the program itself, by now dead.
        boolean exiting = folder.exiting();
        return tree.stream()
                .filter(entry -> entry.pid() != pid && !(exiting && entry.parent() == pid))
                .toList();
    }

    private static boolean pause(Duration time) {
        try {
            Thread.sleep(time);
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
