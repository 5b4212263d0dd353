package io.trainyard.backend.local;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;

/** The shell script that supervises an attempt, written to the home folder under a name made from its content. */
final class Shim {
    private static final Path NOTHING = Path.of("/dev/null");

    private final Path script;
    /** By its whole path: the server's may name a dozen folders that each start would try in turn. */
    private final String setsid;

    private final Optional<Spawn> spawn;

    Shim(Path home) {
        this(home, Spawn.ofThisMachine());
    }

    /** @param spawn empty to go the way of the JDK */
    Shim(Path home, Optional<Spawn> spawn) {
        this.spawn = spawn;
        String searchPath = System.getenv().getOrDefault("PATH", "");
        setsid = resolve("setsid", searchPath).orElse("setsid");
        try (var resource = Shim.class.getResourceAsStream("shim.sh")) {
            if (resource == null) throw new IllegalStateException("shim.sh is missing from the build");
            byte[] content = resource.readAllBytes();
            script = home.resolve("shim-" + RunFolder.sha256(content).substring(0, 12) + ".sh");
            if (!Files.exists(script)) Folder.write(script, content);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Where the shim starts; its outputs are appended to. */
    record Place(Path folder, Path stdin, Path stdout, Path stderr) {}

    /** @param exit completed once it is over, with its status, or 128 and the signal */
    record Child(long pid, CompletableFuture<Integer> exit) {}

    /**
     * In a session of its own, so that neither a signal to the server's group nor the end of its terminal reaches it.
     *
     * @param where the machine and its boot, as the shim writes them down; it would read the boot byte by byte
     * @param command its first element with a slash, else the shell might take it for one of its own
     */
    Child start(Folder folder, String where, List<String> command, Map<String, String> environment) throws IOException {
        var arguments = new ArrayList<>(
                List.of("/bin/sh", script.toString(), folder.path().toString(), where));
        arguments.addAll(command);
        var place = new Place(folder.work(), NOTHING, folder.stdout(), folder.stderr());
        return spawn.isPresent()
                ? spawn.get().start(arguments, environment, place)
                : startBySetsid(arguments, environment, place);
    }

    /** {@code setsid} becomes the shell in place: the process is the shim. */
    private Child startBySetsid(List<String> arguments, Map<String, String> environment, Place place)
            throws IOException {
        var builder = new ProcessBuilder(
                        Stream.concat(Stream.of(setsid), arguments.stream()).toList())
                .directory(place.folder().toFile())
                .redirectInput(place.stdin().toFile())
                .redirectOutput(Redirect.appendTo(place.stdout().toFile()))
                .redirectError(Redirect.appendTo(place.stderr().toFile()));
        builder.environment().clear();
        builder.environment().putAll(environment);
        Process process = builder.start();
        return new Child(process.pid(), process.onExit().thenApply(Process::exitValue));
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
