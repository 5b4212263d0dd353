package io.trainyard.backend.warm;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/**
 * One job to fork.
 *
 * @param folder gets {@code started} and {@code exit}
 * @param where the machine and its boot, the first line of {@code started}
 * @param directory where the job works
 */
public record Request(Path folder, String where, Path directory, Outputs outputs, Program program) {
    private static final JsonMapper JSON = new JsonMapper();

    /** Appended to. */
    public record Outputs(Path stdout, Path stderr) {}

    /** @param command an interpreter, a script, and its arguments */
    public record Program(List<String> command, Map<String, String> environment) {
        public Program {
            command = List.copyOf(command);
            environment = Map.copyOf(environment);
        }

        /** The environment holds secrets. */
        @Override
        public String toString() {
            return "Program" + command;
        }
    }

    String python() {
        return program.command().getFirst();
    }

    byte[] line() {
        var fields = Map.of(
                "folder", folder.toString(),
                "where", where,
                "directory", directory.toString(),
                "stdout", outputs.stdout().toString(),
                "stderr", outputs.stderr().toString(),
                "command", program.command(),
                "environment", program.environment());
        return (JSON.writeValueAsString(fields) + "\n").getBytes(UTF_8);
    }
}
