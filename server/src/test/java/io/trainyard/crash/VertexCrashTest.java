package io.trainyard.crash;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.trainyard.backend.vertex.FakeVertex;
import io.trainyard.backend.vertex.Fault;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Jobs on Vertex AI while the server dies. */
class VertexCrashTest {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final String JOB = "{\"name\":\"tune\",\"model\":{\"name\":\"org/base\"}}";

    @TempDir
    Path folder;

    private final HttpClient client = HttpClient.newHttpClient();

    private ServerProcess start(FakeVertex service) {
        var settings = new HashMap<String, String>(Map.of(
                "TRAINER_JOB_RUNNER", "vertex",
                "TRAINYARD_POLL_SECONDS", "1",
                "VERTEX_SUBMIT", "1",
                "VERTEX_PROJECT", FakeVertex.PROJECT,
                "VERTEX_IMAGE_URI", "gcr.io/p/trainer:1",
                "GOOGLE_APPLICATION_CREDENTIALS", service.credentials(folder).toString(),
                "TRAINYARD_VERTEX_ENDPOINT", service.address(),
                "TRAINYARD_VERTEX_LOGGING_ENDPOINT", service.address(),
                "TRAINYARD_VERTEX_POLL_SECONDS", "1",
                "TRAINYARD_VERTEX_LOGS_SETTLE_SECONDS", "0"));
        return ServerProcess.start(folder.resolve("home"), settings, List.of(), ServerProcess.PLAIN, "serve");
    }

    @Test
    void a_killed_server_finds_its_job_again_by_name_and_its_output_to_the_line() throws Exception {
        try (var service = FakeVertex.start()) {
            service.at(Instant.now());
            ServerProcess first = start(service);
            String id = JSON.readTree(send("POST", first.ready(), "/api/v1/jobs", JOB))
                    .path("id")
                    .asString();
            await(
                    first.ready(),
                    id,
                    job -> job.path("reason").path("kind").asString("").equals("queue"));
            var job = service.only();
            service.state(job, "JOB_STATE_RUNNING");
            for (int i = 0; i < 5; i++) service.print(job, "line " + i);
            await(first.ready(), id, "running");
            await(first.ready(), id, _ -> lines(first, id).size() == 5);
            first.kill(false);
            for (int i = 5; i < 9; i++) service.print(job, "line " + i);
            service.at(Instant.now());
            service.state(job, "JOB_STATE_SUCCEEDED");
            ServerProcess second = start(service);
            await(second.ready(), id, "succeeded");
            assertEquals(
                    List.of("line 0", "line 1", "line 2", "line 3", "line 4", "line 5", "line 6", "line 7", "line 8"),
                    lines(second, id));
            assertEquals(1, service.count("create"));
            second.kill(false);
        }
    }

    @Test
    void a_server_killed_before_the_answer_to_its_create_finds_what_it_made() throws Exception {
        try (var service = FakeVertex.start()) {
            service.at(Instant.now());
            service.next("create", new Fault.Hang());
            ServerProcess first = start(service);
            String id = JSON.readTree(send("POST", first.ready(), "/api/v1/jobs", JOB))
                    .path("id")
                    .asString();
            for (int i = 0; i < 1500 && service.jobs().isEmpty(); i++) Thread.sleep(20);
            service.state(service.only(), "JOB_STATE_RUNNING");
            first.kill(false);
            ServerProcess second = start(service);
            await(second.ready(), id, "running");
            assertEquals(1, service.count("create"));
            second.kill(false);
        }
    }

    private List<String> lines(ServerProcess server, String id) {
        try {
            var lines = new ArrayList<String>();
            for (JsonNode line : JSON.readTree(send("GET", server.ready(), "/api/v1/jobs/" + id + "/logs", ""))
                    .path("lines")) lines.add(line.path("text").asString());
            return lines;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private void await(URI server, String id, String state) throws Exception {
        await(server, id, job -> job.path("state").asString().equals(state));
    }

    private void await(URI server, String id, Predicate<JsonNode> wanted) throws Exception {
        String seen = "";
        for (int i = 0; i < 600; i++) {
            seen = send("GET", server, "/api/v1/jobs/" + id, "");
            if (wanted.test(JSON.readTree(seen))) return;
            Thread.sleep(50);
        }
        throw new IllegalStateException("waited in vain: " + seen);
    }

    private String send(String method, URI server, String path, String body) throws Exception {
        var request = HttpRequest.newBuilder(server.resolve(path))
                .method(method, body.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(body))
                .build();
        return client.send(request, BodyHandlers.ofString()).body();
    }
}
