package io.trainyard;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import java.util.Optional;

/** Asks the server a few ordinary things, so that the classes they need are in a start cache. */
final class Warmup {
    private static final String JOB = "{\"name\":\"warm-up\",\"model\":{\"name\":\"none\"}}";

    private Warmup() {}

    static void run(int port, Optional<String> token) throws InterruptedException {
        try (var client = HttpClient.newHttpClient()) {
            for (String path : List.of("/health", "/api/v1/jobs", "/api/v1/jobs?dry_run=true", "/nemo/healthz")) {
                var request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path));
                token.ifPresent(text -> request.header("Authorization", "Bearer " + text));
                if (path.contains("dry_run")) request.POST(BodyPublishers.ofString(JOB));
                var _ = client.send(request.build(), BodyHandlers.discarding());
            }
        } catch (IOException e) {
            throw new IllegalStateException("the server does not answer itself", e);
        }
    }
}
