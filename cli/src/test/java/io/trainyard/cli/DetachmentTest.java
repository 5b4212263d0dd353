package io.trainyard.cli;

import static io.trainyard.cli.Examples.ID;
import static io.trainyard.cli.Examples.PATH;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class DetachmentTest {
    private static final int LIMIT_SECONDS = 30;

    /** A stop stands for Ctrl-C: both run the same hook, and a build in the background may ignore the interrupt. */
    @Test
    void a_process_stopped_while_it_watches_says_how_to_come_back() throws IOException, InterruptedException {
        try (var server = new FakeServer()) {
            server.openStream(PATH + "/events", Examples.streamed(1, "running", "go"))
                    .answer("GET " + PATH + "/metrics", "{\"series\":[]}")
                    .answer("GET " + PATH, Examples.job("running"));
            String java =
                    Path.of(System.getProperty("java.home"), "bin", "java").toString();
            Process process = new ProcessBuilder(
                            java,
                            "-XX:TieredStopAtLevel=1",
                            "-cp",
                            System.getProperty("java.class.path"),
                            Main.class.getName(),
                            "--url",
                            server.url(),
                            "follow",
                            ID)
                    .start();
            BufferedReader out = process.inputReader(StandardCharsets.UTF_8);
            assertTrue(String.valueOf(out.readLine()).endsWith("running           go"));
            process.toHandle().destroy(); // destroying the process itself would close its streams here
            assertTrue(process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS));
            assertNotEquals(0, process.exitValue());
            var err = new BufferedReader(new InputStreamReader(process.getErrorStream(), StandardCharsets.UTF_8));
            assertEquals(
                    "Detached; the job goes on. Come back with: trainyard follow " + ID,
                    err.lines().reduce("", (_, last) -> last));
        }
    }
}
