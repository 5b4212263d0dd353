package io.trainyard.backend.warm;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What a parent imports: the trainer's own files and the packages of an environment. */
record Imports(Path trainer, String python) {
    private static final String SOURCE = ".py";

    /** The same as long as nothing of it has changed; a change that keeps a file's time and size is not seen. */
    String seen() {
        var files = new ArrayList<Path>();
        try {
            Path modules = trainer.resolve("trainer");
            for (Path folder : List.of(trainer, modules, modules.resolve("recipes")))
                if (Files.isDirectory(folder))
                    files.addAll(listed(folder).stream()
                            .filter(file -> file.toString().endsWith(SOURCE))
                            .toList());
            files.addAll(packages());
        } catch (IOException e) {
            return "unreadable: " + e.getMessage();
        }
        var seen = new StringBuilder();
        files.forEach(file -> seen.append(file).append(' ').append(state(file)).append('\n'));
        return seen.toString();
    }

    /** A package that comes or goes changes the time of the folder of packages. */
    private List<Path> packages() throws IOException {
        Path environment = Path.of(python).resolveSibling("..").normalize();
        Path library = environment.resolve("lib");
        var found = new ArrayList<>(List.of(environment.resolve("pyvenv.cfg")));
        if (Files.isDirectory(library)) listed(library).forEach(version -> found.add(version.resolve("site-packages")));
        return found;
    }

    private static List<Path> listed(Path folder) throws IOException {
        try (var files = Files.list(folder)) {
            return files.sorted().toList();
        }
    }

    private static String state(Path file) {
        try {
            return Files.getLastModifiedTime(file) + " " + Files.size(file);
        } catch (IOException e) {
            return "absent";
        }
    }
}
