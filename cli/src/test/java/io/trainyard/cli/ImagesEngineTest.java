package io.trainyard.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A small image built by a real engine, for each that is on this machine. */
class ImagesEngineTest {
    @ParameterizedTest
    @ValueSource(strings = {"buildah", "podman", "docker"})
    void an_engine_builds_what_it_is_told_to(String engine, @TempDir Path folder) throws Exception {
        assumeTrue(answers(engine), engine + " is not on this machine, or does not run");
        Path images = Files.createDirectories(folder.resolve("deploy/images"));
        Files.writeString(images.resolve("Dockerfile"), """
                ARG IMAGE=base
                FROM scratch AS base
                FROM scratch AS timm
                COPY kept /kept
                LABEL org.opencontainers.image.title="trainer-timm"
                FROM ${IMAGE}
                USER 1000
                """);
        Files.writeString(folder.resolve("kept"), "kept");
        String registry = "localhost/trainyard-test-" + ProcessHandle.current().pid();
        String name = registry + "/trainer-timm:v9";
        try {
            var seen = Typed.at("http://127.0.0.1:1")
                    .with("PATH", System.getenv("PATH"))
                    .with("TRAINYARD_CHECKOUT", folder.toString())
                    .run("images", "build", "timm", "--engine", engine, "--registry", registry, "--tag", "v9");
            assertEquals(0, seen.code(), seen.err());
            assertTrue(seen.out().startsWith(name + "  built in "), seen.out());
            String labels = said(List.of(engine, "inspect", "--type", "image", name));
            assertTrue(labels.contains("trainer-timm"), labels);
            assertTrue(labels.contains("\"org.opencontainers.image.version\": \"v9\""), labels);
        } finally {
            said(List.of(engine, "rmi", name));
        }
    }

    private static boolean answers(String engine) throws InterruptedException {
        try {
            // A client without its daemon knows its version and no images.
            Process process = new ProcessBuilder(engine, "images", "-q")
                    .redirectErrorStream(true)
                    .start();
            process.getInputStream().readAllBytes();
            return process.waitFor() == 0;
        } catch (IOException _) {
            return false;
        }
    }

    private static String said(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        return said;
    }
}
