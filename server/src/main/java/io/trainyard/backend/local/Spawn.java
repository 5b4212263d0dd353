package io.trainyard.backend.local;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodType;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;

/**
 * Starts a program by {@code posix_spawn} in a session of its own. The JDK's way needs two more programs on the way,
 * its own helper and {@code setsid}, and a start is what a launch spends most of its time with.
 */
final class Spawn {
    // Of <spawn.h> and <fcntl.h>: the same with every C library that has the functions below.
    private static final short SET_SIGNAL_MASK = 0x08;
    private static final short NEW_SESSION = 0x80;
    private static final int READ_ONLY = 0;
    private static final int APPEND = 02001;
    /** Larger than the opaque structures of any C library: they have 80 and 336 bytes. */
    private static final int STRUCTURE_BYTES = 1024;

    private static final int ALIGNMENT = 16;
    /** All but the three standard streams is the server's own: its database, its connections. */
    private static final int FIRST_CLOSED = 3;

    private final MethodHandle spawn;
    private final MethodHandle wait;
    private final MethodHandle makeActions;
    private final MethodHandle open;
    private final MethodHandle changeFolder;
    private final MethodHandle closeFrom;
    private final MethodHandle freeActions;
    private final MethodHandle makeAttributes;
    private final MethodHandle setFlags;
    private final MethodHandle freeAttributes;

    private Spawn(Linker linker) {
        spawn = function(linker, "posix_spawn", ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS);
        wait = function(linker, "waitpid", JAVA_INT, ADDRESS, JAVA_INT);
        makeActions = function(linker, "posix_spawn_file_actions_init", ADDRESS);
        open = function(linker, "posix_spawn_file_actions_addopen", ADDRESS, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT);
        changeFolder = function(linker, "posix_spawn_file_actions_addchdir_np", ADDRESS, ADDRESS);
        closeFrom = function(linker, "posix_spawn_file_actions_addclosefrom_np", ADDRESS, JAVA_INT);
        freeActions = function(linker, "posix_spawn_file_actions_destroy", ADDRESS);
        makeAttributes = function(linker, "posix_spawnattr_init", ADDRESS);
        setFlags = function(linker, "posix_spawnattr_setflags", ADDRESS, JAVA_SHORT);
        freeAttributes = function(linker, "posix_spawnattr_destroy", ADDRESS);
    }

    /** Empty where the C library lacks one of the functions: glibc before 2.34, musl. */
    static Optional<Spawn> ofThisMachine() {
        try {
            return Optional.of(new Spawn(Linker.nativeLinker()));
        } catch (NoSuchElementException lacking) {
            return Optional.empty();
        }
    }

    @SuppressWarnings("restricted") // the server's manifest and scripts allow native access
    private static MethodHandle function(Linker linker, String name, ValueLayout... parameters) {
        return linker.downcallHandle(
                        linker.defaultLookup().findOrThrow(name), FunctionDescriptor.of(JAVA_INT, parameters))
                .asSpreader(Object[].class, parameters.length)
                .asType(MethodType.methodType(int.class, Object[].class));
    }

    /** @param command its first element a path */
    Shim.Child start(List<String> command, Map<String, String> environment, Shim.Place place) throws IOException {
        long pid;
        try (var arena = Arena.ofConfined()) {
            pid = start(arena, command, environment, place);
        }
        var process = ProcessHandle.of(pid)
                .orElseThrow(() -> new IllegalStateException("process " + pid + " was waited for by somebody else"));
        return new Shim.Child(pid, process.onExit().thenApply(_ -> collect(pid)));
    }

    private long start(Arena arena, List<String> command, Map<String, String> environment, Shim.Place place)
            throws IOException {
        MemorySegment actions = arena.allocate(STRUCTURE_BYTES, ALIGNMENT);
        MemorySegment attributes = arena.allocate(STRUCTURE_BYTES, ALIGNMENT);
        MemorySegment pid = arena.allocate(JAVA_INT);
        List<String> variables = environment.entrySet().stream()
                .map(each -> each.getKey() + "=" + each.getValue())
                .toList();
        check(call(makeActions, actions));
        try {
            check(call(makeAttributes, attributes));
            check(call(setFlags, attributes, (short) (NEW_SESSION | SET_SIGNAL_MASK)));
            check(call(changeFolder, actions, text(arena, place.folder())));
            check(call(open, actions, 0, text(arena, place.stdin()), READ_ONLY, 0));
            check(call(open, actions, 1, text(arena, place.stdout()), APPEND, 0));
            check(call(open, actions, 2, text(arena, place.stderr()), APPEND, 0));
            check(call(closeFrom, actions, FIRST_CLOSED));
            check(call(
                    spawn,
                    pid,
                    arena.allocateFrom(command.getFirst()),
                    actions,
                    attributes,
                    texts(arena, command),
                    texts(arena, variables)));
        } finally {
            call(freeActions, actions);
            call(freeAttributes, attributes);
        }
        return pid.get(JAVA_INT, 0);
    }

    /** The parent's duty: a process that nobody waits for stays in the table of processes. */
    private int collect(long pid) {
        try (var arena = Arena.ofConfined()) {
            MemorySegment status = arena.allocate(JAVA_INT);
            call(wait, (int) pid, status, 0);
            int word = status.get(JAVA_INT, 0);
            int signal = word & 0x7f;
            return signal == 0 ? word >> 8 & 0xff : 128 + signal;
        }
    }

    private static MemorySegment text(Arena arena, Path path) {
        return arena.allocateFrom(path.toString());
    }

    /** As C has them: pointers, the last of them null. */
    private static MemorySegment texts(Arena arena, List<String> texts) {
        MemorySegment pointers = arena.allocate(ADDRESS, texts.size() + 1L);
        for (int i = 0; i < texts.size(); i++) pointers.setAtIndex(ADDRESS, i, arena.allocateFrom(texts.get(i)));
        return pointers;
    }

    /** In the JDK's words, which tell a caller which error it is. */
    private static void check(int error) throws IOException {
        if (error != 0) throw new IOException("posix_spawn: error=" + error);
    }

    private static int call(MethodHandle function, Object... arguments) {
        try {
            return (int) function.invokeExact(arguments);
        } catch (Throwable impossible) {
            throw new IllegalStateException("a C function cannot throw", impossible);
        }
    }
}
