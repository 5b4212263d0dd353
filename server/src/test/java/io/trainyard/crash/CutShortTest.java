package io.trainyard.crash;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

/** What the server has yet to do when the end of an attempt is on disk is done by the next one. */
@EnabledOnOs(value = OS.LINUX, disabledReason = "local jobs run on Linux only")
class CutShortTest {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final int TRIES = 300;
    private static final Map<String, String> SETTINGS =
            Map.of("TRAINYARD_LOCAL_ALLOW_COMMANDS", "true", "TRAINYARD_POLL_SECONDS", "1");

    @TempDir(cleanup = CleanupMode.ON_SUCCESS)
    Path folder;

    private final HttpClient http = HttpClient.newHttpClient();

    @Test
    void a_crash_right_after_the_end_only_delays_the_release_of_output_and_the_delete() throws Exception {
        Path home = folder.resolve("home");
        var first = ServerProcess.start(home, SETTINGS, List.of(), ServerProcess.PLAIN, "serve");
        String stays = done(first);
        String goes = done(first);
        first.kill(false);
        asBeforeTheRelease(home, stays);
        asBeforeTheDelete(home, goes);
        var second = ServerProcess.start(home, SETTINGS, List.of(), ServerProcess.PLAIN, "serve");
        try {
            answer(second, "/api/v1/jobs/" + goes, body -> body.contains("\"status\":404"));
            for (int i = 0; i < TRIES && confidential(home, stays); i++) Thread.sleep(20);
            assertTrue(!confidential(home, stays), "unmasked output stayed");
            String logs = answer(second, "/api/v1/jobs/" + stays + "/logs", _ -> true);
            assertEquals("hello", JSON.readTree(logs).at("/lines/0/text").asString(""));
        } finally {
            second.kill(false);
        }
    }

    private static void asBeforeTheRelease(Path home, String job) throws Exception {
        Path attempt = home.resolve("jobs").resolve(job).resolve("1");
        for (String name : List.of("stdout", "stderr", "token", ".token.cut-short"))
            Files.writeString(attempt.resolve(name), "hello\n");
        Files.createDirectories(attempt.resolveSibling("output"));
    }

    private static void asBeforeTheDelete(Path home, String job) throws Exception {
        try (var connection = DriverManager.getConnection("jdbc:sqlite:" + home.resolve("trainyard.db"));
                var update = connection.prepareStatement("UPDATE jobs SET wish = 'delete' WHERE id = ?")) {
            update.setString(1, job);
            assertEquals(1, update.executeUpdate());
        }
    }

    private static boolean confidential(Path home, String job) throws Exception {
        try (var files = Files.list(home.resolve("jobs").resolve(job).resolve("1"))) {
            return files.anyMatch(file -> file.getFileName().toString().matches("stdout|stderr|token|\\..*"));
        }
    }

    private String done(ServerProcess server) throws Exception {
        String body = """
                {"name":"echo","framework":"custom","container":{"command":["/bin/sh","-c","echo hello"]}}""";
        var request = HttpRequest.newBuilder(server.ready().resolve("/api/v1/jobs"))
                .POST(HttpRequest.BodyPublishers.ofString(body));
        String created = http.send(request.build(), BodyHandlers.ofString()).body();
        String id = JSON.readTree(created).path("id").asString("");
        answer(server, "/api/v1/jobs/" + id, job -> job.contains("\"state\":\"succeeded\""));
        return id;
    }

    /** Asks until it is answered so. */
    private String answer(ServerProcess server, String path, Predicate<String> wanted) throws Exception {
        var request = HttpRequest.newBuilder(server.ready().resolve(path)).build();
        String body = "";
        for (int i = 0; i < TRIES; i++) {
            body = http.send(request, BodyHandlers.ofString()).body();
            if (wanted.test(body)) return body;
            Thread.sleep(20);
        }
        throw new AssertionError(path + " is still answered " + body);
    }
}
