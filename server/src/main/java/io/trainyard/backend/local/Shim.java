package io.trainyard.backend.local;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The shell script that supervises an attempt, written to the home folder under a name made from its content. */
final class Shim {
    private static final File NOTHING = new File("/dev/null");

    private final Path script;
    /** By its whole path: the server's may name a dozen folders that each start would try in turn. */
    private final String setsid;

    Shim(Path home) {
        String searchPath = System.getenv().getOrDefault("PATH", "");
        setsid = resolve("setsid", searchPath).orElse("setsid");
        try (var resource = Shim.class.getResourceAsStream("shim.sh")) {
            if (resource == null) throw new IllegalStateException("shim.sh is missing from the build");
            byte[] content = resource.readAllBytes();
            script = home.resolve("shim-" + RunFile.sha256(content).substring(0, 12) + ".sh");
            if (!Files.exists(script)) Folder.write(script, content);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * In a session of its own, so that neither a signal to the server's group nor the end of its terminal reaches it.
     * {@code setsid} becomes the shell in place: the process is the shim.
     *
     * @param where the machine and its boot, as the shim writes them down; it would read the boot byte by byte
     * @param command its first element with a slash, else the shell might take it for one of its own
     */
    Process start(Folder folder, String where, List<String> command, Map<String, String> environment)
            throws IOException {
        var arguments = new ArrayList<>(
                List.of(setsid, "/bin/sh", script.toString(), folder.path().toString(), where));
        arguments.addAll(command);
        var builder = new ProcessBuilder(arguments)
                .directory(folder.work().toFile())
                .redirectInput(NOTHING)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(folder.stdout().toFile()))
                .redirectError(ProcessBuilder.Redirect.appendTo(folder.stderr().toFile()));
        builder.environment().clear();
        builder.environment().putAll(environment);
        return builder.start();
    }

    /** The program as a path: as it stands when it has a slash, else the first of that name on the search path. */
    static Optional<String> resolve(String program, String searchPath) {
        if (program.contains("/")) return Optional.of(program);
        if (program.isEmpty()) return Optional.empty();
        return Arrays.stream(searchPath.split(":", -1))
                .filter(folder -> folder.startsWith("/"))
                .map(folder -> Path.of(folder).resolve(program))
                .filter(file -> Files.isRegularFile(file) && Files.isExecutable(file))
                .map(Path::toString)
                .findFirst();
    }
}
