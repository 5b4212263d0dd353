package io.trainyard.cli.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * Where one run of the demo reads and writes, by absolute paths: the jobs run in folders of their own.
 *
 * @param trainer the trainer's code and examples
 * @param root of this run; nobody else writes there
 */
record Folder(Path trainer, Path root) {
    String runName() {
        return root.getFileName().toString();
    }

    String path(String name) {
        return root.resolve(name).toString();
    }

    String example(String name) {
        return trainer.resolve("examples").resolve(name).toString();
    }

    void remove() {
        try (Stream<Path> found = Files.walk(root)) {
            List<Path> deepestFirst = found.sorted(Comparator.reverseOrder()).toList();
            for (Path path : deepestFirst) Files.deleteIfExists(path);
        } catch (IOException trouble) {
            throw new Failed("The folder " + root + " cannot be removed: " + trouble);
        }
    }
}
