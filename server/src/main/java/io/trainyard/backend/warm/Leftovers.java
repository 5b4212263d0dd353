package io.trainyard.backend.warm;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Parents that an earlier server has left behind. They end with it by themselves, but for one that hangs; so it is
 * written down which process is one, by its start too, since numbers are given again.
 */
final class Leftovers {
    private static final String SUFFIX = ".pid";
    /** Field 22 in proc(5), counted from the state, which is field 3. */
    private static final int START_TICKS = 19;

    private Leftovers() {}

    static void note(Path folder, String name, long pid) throws IOException {
        Files.writeString(folder.resolve(name + SUFFIX), identity(pid).orElse(""));
    }

    static void end(Path folder) {
        if (!Files.isDirectory(folder)) return;
        try (var files = Files.list(folder)) {
            for (Path file :
                    files.filter(each -> each.toString().endsWith(SUFFIX)).toList()) {
                end(Files.readString(file).strip());
                Files.delete(file);
            }
        } catch (IOException e) {
            // They hold memory and nothing else; the next start tries again.
        }
    }

    private static void end(String identity) {
        if (identity.isEmpty()) return;
        long pid = Long.parseLong(identity.split(" ", -1)[0]);
        var process = ProcessHandle.of(pid);
        if (process.isPresent() && identity(pid).filter(identity::equals).isPresent())
            process.get().destroyForcibly();
    }

    private static Optional<String> identity(long pid) {
        try {
            String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
            String[] fields = stat.substring(stat.lastIndexOf(") ") + 2).split(" ", -1);
            String boot =
                    Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip();
            return Optional.of(pid + " " + fields[START_TICKS] + " " + boot);
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
