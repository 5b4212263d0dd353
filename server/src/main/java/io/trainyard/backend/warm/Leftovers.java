package io.trainyard.backend.warm;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.LongFunction;

/**
 * Parents that an earlier server has left behind. They end with it by themselves, but for one that hangs; so it is
 * written down which process is one, by its start too, since numbers are given again.
 */
final class Leftovers {
    private static final String SUFFIX = ".pid";

    private final Path folder;
    private final LongFunction<Optional<String>> identity;

    Leftovers(Path folder, LongFunction<Optional<String>> identity) {
        this.folder = folder;
        this.identity = identity;
    }

    void note(String name, long pid) throws IOException {
        Files.writeString(folder.resolve(name + SUFFIX), identity.apply(pid).orElse(""));
    }

    void end() {
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

    private void end(String noted) {
        if (noted.isEmpty()) return;
        long pid = Long.parseLong(noted.split(" ", -1)[0]);
        var process = ProcessHandle.of(pid);
        if (process.isPresent() && identity.apply(pid).filter(noted::equals).isPresent())
            process.get().destroyForcibly();
    }
}
