package io.trainyard.contract.trainer;

import io.javalin.Javalin;
import io.javalin.http.HttpResponseException;
import io.trainyard.access.Tokens;
import io.trainyard.admission.Admission;
import io.trainyard.admission.Placer;
import io.trainyard.backend.simulated.SimulatedBackend;
import io.trainyard.contract.root.Root;
import io.trainyard.job.Event;
import io.trainyard.job.Job;
import io.trainyard.job.JobState;
import io.trainyard.job.Outcome;
import io.trainyard.job.Slots;
import io.trainyard.secrets.Sealer;
import io.trainyard.store.Jobs;
import io.trainyard.store.MemoryStore;
import io.trainyard.store.Store;
import io.trainyard.webhook.AddressPolicy;
import io.trainyard.wire.Json;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.eclipse.jetty.http.UriCompliance;
import tools.jackson.databind.JsonNode;

/** A real server with this contract on a free port, over the store in memory; no reconciler, so jobs stay as they are. */
final class Yard implements AutoCloseable {
    private static final Instant NOON = Instant.parse("2026-01-01T12:00:00Z");
    private final Store store = new MemoryStore(() -> NOON);
    private final SimulatedBackend simulated;
    private final Javalin server;
    private final HttpClient client = HttpClient.newHttpClient();
    private final String token;

    Yard(Path home, String token) {
        this.token = token;
        simulated = new SimulatedBackend(home.resolve("ledger"), Duration.ofSeconds(30), 1, () -> NOON, _ -> {});
        var placer = new Placer(List.of(simulated), simulated.name(), (_, _) -> Slots.NOTHING);
        var admission = new Admission(
                store.jobs(), placer, Sealer.open(home.resolve("key")), () -> NOON.plusMillis(size()), new Random(1));
        var tokens = new Tokens(Optional.of(token));
        var contract = new TrainerContract(
                admission, store, tokens, new AddressPolicy(AddressPolicy.Private.ALLOW), RuntimeDefaults.PUBLISHED);
        var root = new Root(contract.rootOffers(), Optional.empty(), tokens);
        server = Javalin.create(config -> {
                    contract.mount(config.routes);
                    root.mount(config.routes);
                    config.routes.exception(
                            HttpResponseException.class,
                            (e, context) -> contract.refuse(context, e.getStatus(), String.valueOf(e.getMessage())));
                    config.startup.showJavalinBanner = false;
                    config.jetty.modifyHttpConfiguration(http -> http.setUriCompliance(UriCompliance.UNSAFE));
                })
                .start("127.0.0.1", 0);
    }

    Job last() {
        return store.jobs().list(Jobs.Filter.ALL, Optional.empty(), 1).jobs().getFirst();
    }

    int size() {
        return store.jobs().list(Jobs.Filter.ALL, Optional.empty(), 1000).jobs().size();
    }

    Map<String, byte[]> lastSecrets() {
        return store.jobs().secrets(last().id());
    }

    /** Ends the last job, as the reconciler would. */
    void end(Outcome outcome, Event.Kind kind) {
        Job ended = last().withState(new JobState.Done(outcome, NOON), NOON);
        if (!store.jobs().transition(ended, Event.of(ended, kind, "over", NOON)))
            throw new IllegalStateException("somebody else moved " + ended.id());
    }

    /** @param allow the header of that name, empty where there is none */
    record Reply(int status, String text, String allow) {
        JsonNode json() {
            return Json.MAPPER.readTree(text);
        }

        /** The one text of a refusal. */
        String detail() {
            return json().get("detail").stringValue();
        }
    }

    Reply post(String path, String body) {
        return send("POST", path, body, "X-TRAINER-TOKEN", token);
    }

    Reply get(String path) {
        return send("GET", path, "", "X-TRAINER-TOKEN", token);
    }

    /** @param headers names and values in turn */
    Reply send(String method, String path, String body, String... headers) {
        var request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path))
                .method(
                        method,
                        body.isEmpty()
                                ? HttpRequest.BodyPublishers.noBody()
                                : HttpRequest.BodyPublishers.ofString(body));
        if (headers.length > 0) request.headers(headers);
        try {
            var response = client.send(request.build(), HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8));
            return new Reply(
                    response.statusCode(),
                    response.body(),
                    response.headers().firstValue("Allow").orElse(""));
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Writes the request line as it stands, which a well-bred client would tidy first. */
    Reply raw(String method, String path) {
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            String head =
                    "%s %s HTTP/1.1\r\nHost: localhost\r\nX-TRAINER-TOKEN: %s\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
                            .formatted(method, path, token);
            socket.getOutputStream().write(head.getBytes(StandardCharsets.UTF_8));
            String reply = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            int body = reply.indexOf("\r\n\r\n");
            return new Reply(Integer.parseInt(reply.substring(9, 12)), reply.substring(body + 4), "");
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        server.stop();
        simulated.close();
        store.close();
        client.close();
    }
}
