package io.trainyard.cli.demo;

import io.trainyard.cli.api.Json;
import io.trainyard.cli.session.Usage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/** Runs the trainer's own demo module and reads the JSON that it may print last. */
record Python(String interpreter, Path trainer) {
    private static final int SHOWN_CHARACTERS = 2000;

    JsonNode run(String verb, String... arguments) {
        var command = new ArrayList<String>(List.of(interpreter, "-m", "trainer.demo", verb));
        command.addAll(List.of(arguments));
        var builder = new ProcessBuilder(command);
        builder.environment().put("PYTHONPATH", trainer.toString());
        builder.environment().put("PYTHONIOENCODING", "utf-8");
        Path remarks = null;
        try {
            // Its remarks go to a file: two pipes read one after the other could block each other.
            remarks = Files.createTempFile("trainyard-demo", ".txt");
            Process process = builder.redirectError(remarks.toFile()).start();
            process.getOutputStream().close();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            int code = process.waitFor();
            if (code != 0) throw new Failed(failed(verb, code, Files.readString(remarks)));
            String last = said.strip();
            return Json.read(last.startsWith("{") ? last : last.substring(last.lastIndexOf('\n') + 1));
        } catch (JacksonException _) {
            return Json.object();
        } catch (IOException trouble) {
            throw new Usage("Cannot run " + interpreter + ": " + trouble.getMessage());
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("nobody interrupts the main thread", interrupted);
        } finally {
            remove(remarks);
        }
    }

    private static String failed(String verb, int code, String remarks) {
        String end = remarks.substring(Math.max(0, remarks.length() - SHOWN_CHARACTERS))
                .strip();
        return "python -m trainer.demo " + verb + " ended with " + code + ":\n" + end;
    }

    private static void remove(@Nullable Path file) {
        try {
            if (file != null) Files.deleteIfExists(file);
        } catch (IOException _) {
            // It lies in the folder for temporary files, which the system empties.
        }
    }
}
