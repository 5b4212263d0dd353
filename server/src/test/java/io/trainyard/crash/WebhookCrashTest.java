package io.trainyard.crash;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.LiveServer;
import io.trainyard.webhook.Receiver;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Kills the real server while it tells receivers; afterwards every change of every job has been told. */
class WebhookCrashTest {
    private static final int KILLS = 3;
    private static final int JOBS_A_ROUND = 25;
    private static final Map<String, String> SETTINGS =
            Map.of("TRAINER_JOB_RUNNER", "mock", "TRAINER_CALLBACK_INTERVAL_SECONDS", "1");

    @TempDir
    Path folder;

    private final HttpClient client = HttpClient.newHttpClient();
    private final List<String> jobs = new ArrayList<>();

    private JsonNode ask(URI server, String method, String path, String body) throws Exception {
        var request = HttpRequest.newBuilder(server.resolve(path)).method(method, BodyPublishers.ofString(body));
        return LiveServer.JSON.readTree(
                client.send(request.build(), BodyHandlers.ofString()).body());
    }

    private void submit(URI server, Receiver receiver) throws Exception {
        for (int i = 0; i < JOBS_A_ROUND; i++)
            jobs.add(ask(server, "POST", "/api/v1/jobs", """
                {"name":"told","model":{"name":"m"},"placement":{"backends":["simulated"]},
                 "annotations":{"trainyard.simulated/script":"run %dms, succeed"},"webhooks":[{"url":"%s"}]}
                """.formatted(100 + 60 * i, receiver.url("/")))
                    .get("id")
                    .stringValue());
    }

    @Test
    void every_change_is_told_at_least_once_whenever_the_server_dies() throws Exception {
        // Some answers come late, so that a kill meets deliveries under way.
        try (var receiver = Receiver.answering(told -> {
            Receiver.pause(told.body().length % 40);
            return Receiver.Answer.OK;
        })) {
            for (int kill = 0; kill < KILLS; kill++) {
                var server = ServerProcess.start(folder.resolve("home"), SETTINGS, List.of(), ServerProcess.PLAIN);
                submit(server.ready(), receiver);
                Receiver.pause(300L * kill);
                server.kill(false);
            }
            var last = ServerProcess.start(folder.resolve("home"), SETTINGS, List.of(), ServerProcess.PLAIN);
            URI address = last.ready();
            for (String job : jobs) ended(address, job);
            Set<String> wanted = new HashSet<>();
            for (String job : jobs)
                for (JsonNode event : ask(address, "GET", "/api/v1/jobs/" + job + "/events", "")
                        .get("events")) wanted.add(job + " " + event.get("sequence"));
            receiver.await(told -> events(told).containsAll(wanted));
            assertEquals(wanted, events(receiver.told()));
            assertTrue(wanted.size() >= jobs.size() * 4, wanted.size() + " changes");
            last.kill(false);
        }
    }

    private static Set<String> events(List<Receiver.Told> told) {
        Set<String> events = new HashSet<>();
        for (var one : told) {
            JsonNode event = one.json().at("/data/event");
            if (event.isObject()) events.add(event.get("job_id").stringValue() + " " + event.get("sequence"));
        }
        return events;
    }

    private void ended(URI server, String job) throws Exception {
        for (int looks = 0; looks < 600; looks++) {
            if (!ask(server, "GET", "/api/v1/jobs/" + job, "")
                    .get("finished_at")
                    .isNull()) return;
            Receiver.pause(50);
        }
        throw new IllegalStateException(job + " does not end");
    }
}
