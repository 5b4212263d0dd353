package io.trainyard.backend.local;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Optional;

/** The kernel's list of processes, read anew at every question. */
final class ProcessTable {
    /** Start ticks a second: 100 in every Linux user space, whatever the kernel counts in. */
    static final int TICKS_PER_SECOND = 100;

    private final Path proc;

    ProcessTable(Path proc) {
        this.proc = proc;
    }

    /**
     * One process.
     *
     * @param startTicks since boot; a process id is used again, together with its start it is not
     */
    record Entry(long pid, char state, long parent, long session, long startTicks) {
        private static final int STATE = 0;
        private static final int PARENT = 1;
        private static final int SESSION = 3;
        /** Field 22 in proc(5), counted from the state, which is field 3. */
        private static final int START_TICKS = 19;

        /** The name in the second field is whatever the program chose, blanks and parentheses included. */
        static Optional<Entry> parse(String stat) {
            int open = stat.indexOf(" (");
            int close = stat.lastIndexOf(") ");
            if (open < 1 || close < open) return Optional.empty();
            String[] fields = stat.substring(close + 2).strip().split(" ", -1);
            if (fields.length <= START_TICKS) return Optional.empty();
            return Optional.of(new Entry(
                    Long.parseLong(stat.substring(0, open)),
                    fields[STATE].charAt(0),
                    Long.parseLong(fields[PARENT]),
                    Long.parseLong(fields[SESSION]),
                    Long.parseLong(fields[START_TICKS])));
        }

        /** Dead and only waiting to be collected by its parent. */
        boolean zombie() {
            return state == 'Z' || state == 'X';
        }
    }

    Optional<Entry> find(long pid) {
        return read(proc.resolve(Long.toString(pid)).resolve("stat"))
                .flatMap(Entry::parse)
                .filter(entry -> !entry.zombie());
    }

    boolean alive(Supervisor shim) {
        return find(shim.pid())
                .filter(entry -> entry.startTicks() == shim.startTicks())
                .isPresent();
    }

    /**
     * The processes of an attempt: those with its mark in their environment, those in the shim's session while the
     * shim lives (later the session's number may belong to a stranger), and whatever descends from them.
     */
    List<Entry> tree(String mark, Optional<Supervisor> shim) {
        long self = ProcessHandle.current().pid();
        long notBefore = shim.map(Supervisor::startTicks).orElse(0L);
        long session = shim.filter(this::alive).map(Supervisor::pid).orElse(-1L);
        var candidates = new ArrayList<>(all());
        candidates.removeIf(entry -> entry.pid() == self || entry.startTicks() < notBefore);
        var members = new HashMap<Long, Entry>();
        for (Entry entry : candidates) {
            if (entry.session() == session || marked(entry, mark)) members.put(entry.pid(), entry);
        }
        boolean grown = !members.isEmpty();
        while (grown) {
            grown = false;
            for (Entry entry : candidates) {
                if (members.containsKey(entry.parent())) grown |= members.putIfAbsent(entry.pid(), entry) == null;
            }
        }
        return List.copyOf(members.values());
    }

    /** Sends SIGTERM or SIGKILL, unless the process id has passed to another process meanwhile. */
    void signal(Entry entry, boolean kill) {
        var handle = ProcessHandle.of(entry.pid());
        if (handle.isEmpty()) return;
        if (find(entry.pid())
                .filter(now -> now.startTicks() == entry.startTicks())
                .isEmpty()) return;
        // The handle was made before the look, and the JDK compares its start time once more before it signals.
        boolean ignored = kill ? handle.get().destroyForcibly() : handle.get().destroy();
    }

    /** Whether both run the same command line: one just made by the other has not become a program of its own yet. */
    boolean alike(Entry entry, long other) {
        var mine = commandLine(entry.pid());
        return mine.isPresent() && mine.equals(commandLine(other));
    }

    private Optional<String> commandLine(long pid) {
        return read(proc.resolve(Long.toString(pid)).resolve("cmdline")).filter(line -> !line.isEmpty());
    }

    private List<Entry> all() {
        var entries = new ArrayList<Entry>();
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(proc, "[0-9]*")) {
            for (Path folder : folders) {
                read(folder.resolve("stat"))
                        .flatMap(Entry::parse)
                        .filter(entry -> !entry.zombie())
                        .ifPresent(entries::add);
            }
        } catch (IOException e) {
            throw new IllegalStateException("cannot list " + proc, e);
        }
        return entries;
    }

    private boolean marked(Entry entry, String mark) {
        return read(proc.resolve(Long.toString(entry.pid())).resolve("environ"))
                .filter(environment -> environment.contains(mark))
                .isPresent();
    }

    /** Empty for what has gone, and for what belongs to somebody else. */
    private static Optional<String> read(Path file) {
        try {
            return Optional.of(new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1));
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
