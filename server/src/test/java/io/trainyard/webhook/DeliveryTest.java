package io.trainyard.webhook;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.standardwebhooks.Webhook;
import com.standardwebhooks.exceptions.WebhookVerificationException;
import io.trainyard.LiveServer;
import io.trainyard.webhook.Receiver.Answer;
import io.trainyard.webhook.Receiver.Told;
import java.net.http.HttpHeaders;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** What receivers of our own API are told, and what its owner can read and repeat of it. */
class DeliveryTest {
    private static final String KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    private static final String QUICK = "run 20ms, succeed";
    private LiveServer server;

    @BeforeEach
    void start(@TempDir Path home) {
        server = LiveServer.start(home);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private String job(String script, String webhooks) {
        return server.job("""
            {"name":"told","model":{"name":"m"},"placement":{"backends":["simulated"]},
             "annotations":{"trainyard.simulated/script":"%s"},"webhooks":[%s]}""".formatted(script, webhooks));
    }

    private static String to(Receiver receiver) {
        return "{\"url\":\"%s\"}".formatted(receiver.url("/hook"));
    }

    private static String type(Told told) {
        return told.json().get("type").stringValue();
    }

    private static boolean over(List<Told> told) {
        return told.stream().anyMatch(one -> type(one).equals("job.succeeded"));
    }

    private JsonNode deliveries(String job) {
        return server.get("/api/v1/jobs/" + job + "/deliveries").json();
    }

    private List<String> results(String job) {
        return deliveries(job)
                .get("deliveries")
                .valueStream()
                .map(each -> each.get("event").stringValue() + " "
                        + each.get("result").stringValue())
                .toList();
    }

    @Test
    void every_event_is_told_once_in_order() {
        try (var receiver = Receiver.content()) {
            String job = job(QUICK, to(receiver));
            var told = receiver.await(DeliveryTest::over);
            var events = server.get("/api/v1/jobs/" + job + "/events").json().get("events");
            assertEquals(
                    events.valueStream().toList(),
                    told.stream().map(one -> one.json().at("/data/event")).toList());
            for (var one : told) {
                assertEquals(job, one.json().at("/data/job/id").stringValue());
                assertEquals("POST", one.method());
                assertEquals("", one.header("cookie"));
                assertTrue(one.header("user-agent").startsWith("Trainyard/"));
                assertFalse(one.header("webhook-id").isEmpty());
                assertEquals("", one.header("webhook-signature"));
            }
        }
    }

    @Test
    void deliveries_are_signed_as_an_independent_verifier_wants_it() throws WebhookVerificationException {
        try (var receiver = Receiver.content()) {
            job(QUICK, "{\"url\":\"%s\",\"secret\":\"%s\"}".formatted(receiver.url("/"), KEY));
            for (var one : receiver.await(DeliveryTest::over)) {
                String body = new String(one.body(), StandardCharsets.UTF_8);
                assertArrayEquals(one.body(), body.getBytes(StandardCharsets.UTF_8));
                assertDoesNotThrow(() -> new Webhook(KEY).verify(body, headers(one)));
                var other = new Webhook("whsec_" + "A".repeat(32));
                assertThrows(WebhookVerificationException.class, () -> other.verify(body, headers(one)));
                assertThrows(
                        WebhookVerificationException.class, () -> new Webhook(KEY).verify(body + " ", headers(one)));
            }
        }
    }

    private static HttpHeaders headers(Told told) {
        return HttpHeaders.of(
                told.headers().entrySet().stream()
                        .collect(Collectors.toMap(Map.Entry::getKey, entry -> List.of(entry.getValue()))),
                (_, _) -> true);
    }

    @Test
    void a_receiver_that_fails_is_told_again_in_order_under_the_same_id() {
        Set<String> met = ConcurrentHashMap.newKeySet();
        try (var receiver = Receiver.answering(told -> met.add(told.header("webhook-id"))
                ? new Answer(503, "not yet", Map.of("Retry-After", "1"))
                : Answer.OK)) {
            String job = job(QUICK, to(receiver));
            var told = receiver.await(list -> list.size() > 1 && over(list) && list.size() % 2 == 0);
            for (int i = 0; i < told.size(); i += 2)
                assertEquals(told.get(i).header("webhook-id"), told.get(i + 1).header("webhook-id"));
            var sequences = told.stream()
                    .map(one -> one.json().at("/data/event/sequence").longValue())
                    .toList();
            assertEquals(sequences.stream().sorted().toList(), sequences);
            server.await(job, found -> deliveries(job).at("/webhooks/0/pending").intValue() == 0);
            JsonNode first =
                    deliveries(job).get("deliveries").valueStream().toList().getLast();
            assertEquals("failed", first.get("result").stringValue());
            assertEquals(503, first.get("status").intValue());
            assertEquals("answered 503: not yet", first.get("error").stringValue());
            assertEquals(1, first.get("attempt").intValue());
        }
    }

    @Test
    void a_receiver_that_is_gone_is_told_nothing_more_until_it_is_asked_for() {
        var answer = new AtomicInteger(410);
        try (var receiver = Receiver.answering(_ -> Answer.of(answer.get()))) {
            String job = job(QUICK, to(receiver));
            server.await(job, "succeeded");
            server.await(job, _ -> !deliveries(job).at("/webhooks/0/enabled").booleanValue());
            assertEquals(List.of("submitted gone"), results(job));
            assertEquals(1, receiver.told().size());
            answer.set(200);
            long id = deliveries(job).at("/deliveries/0/id").longValue();
            assertEquals(202, replay(job, Long.toString(id)).status());
            receiver.await(told -> told.size() == 2);
            assertEquals(
                    receiver.told().getFirst().header("webhook-id"),
                    receiver.told().getLast().header("webhook-id"));
            server.await(job, _ -> results(job).size() == 2);
            assertEquals(List.of("submitted delivered", "submitted gone"), results(job));
            assertTrue(deliveries(job).at("/webhooks/0/enabled").booleanValue());
        }
    }

    private LiveServer.Reply replay(String job, String delivery) {
        return server.post("/api/v1/jobs/" + job + "/deliveries/" + delivery + "/replay", "");
    }

    @Test
    void only_what_is_remembered_of_this_job_is_replayed() {
        try (var receiver = Receiver.content()) {
            String job = job(QUICK, to(receiver));
            String other = job(QUICK, "");
            receiver.await(DeliveryTest::over);
            server.await(job, _ -> !results(job).isEmpty());
            String id = deliveries(job).at("/deliveries/0/id").toString();
            for (String nonsense : List.of("0", "x", "-1", "99999999", "1e3"))
                assertEquals(404, replay(job, nonsense).status(), nonsense);
            assertEquals(404, replay(other, id).status());
            assertEquals("[]", deliveries(other).get("webhooks").toString());
        }
    }

    @Test
    void what_a_receiver_will_never_take_does_not_hold_up_the_rest() {
        try (var receiver = Receiver.answering(
                told -> type(told).equals("job.submitted") ? new Answer(400, "no such word", Map.of()) : Answer.OK)) {
            String job = job(QUICK, to(receiver));
            receiver.await(DeliveryTest::over);
            server.await(job, _ -> results(job).getFirst().startsWith("succeeded"));
            assertEquals("submitted refused", results(job).getLast());
        }
    }

    @Test
    void a_redirect_is_not_followed() {
        try (var secret = Receiver.content();
                var receiver = Receiver.answering(
                        _ -> new Answer(302, "", Map.of("Location", secret.url("/latest/meta-data"))))) {
            String job = job(QUICK, to(receiver));
            receiver.await(told -> !told.isEmpty());
            server.await(job, _ -> !results(job).isEmpty());
            String error = deliveries(job).at("/deliveries/0/error").stringValue();
            assertTrue(error.startsWith("answered 302; redirects are not followed"), error);
            assertEquals(List.of(), secret.told());
        }
    }

    @Test
    void the_receivers_of_one_job_do_not_wait_for_each_other() {
        try (var well = Receiver.content();
                var ill = Receiver.answering(_ -> Answer.of(500))) {
            job(QUICK, to(ill) + "," + to(well));
            well.await(DeliveryTest::over);
            assertTrue(ill.told().size() < well.told().size());
        }
    }

    @Test
    void only_the_chosen_events_are_told_and_the_end_always() {
        try (var receiver = Receiver.content()) {
            job("run 500ms, succeed", "{\"url\":\"%s\",\"events\":[\"running\"]}".formatted(receiver.url("/")));
            var told = receiver.await(DeliveryTest::over);
            assertEquals(
                    List.of("job.running", "job.succeeded"),
                    told.stream().map(DeliveryTest::type).toList());
        }
    }

    @Test
    void a_receiver_that_cannot_be_told_is_refused_with_field_and_remedy() {
        var reply = server.create("""
            {"name":"n","model":{"name":"m"},"webhooks":[{"url":"http://[fe80::1]/"},{"url":"http://a@b/"},
             {"url":"http://ok/","secret":"hush-hush","authorization":"hush\\nhush","events":["sometimes"]}]}""");
        assertEquals(422, reply.status());
        var errors = reply.json().get("errors");
        assertEquals(
                List.of(
                        "webhooks[0].url",
                        "webhooks[1].url",
                        "webhooks[2].authorization",
                        "webhooks[2].secret",
                        "webhooks[2].events[0]"),
                errors.valueStream()
                        .map(error -> error.get("field").stringValue())
                        .toList());
        assertFalse(reply.text().contains("hush"), reply.text());
    }

    @Test
    void strangers_receivers_are_on_the_internet_only_where_the_operator_says_so(@TempDir Path home) {
        try (var strict = LiveServer.with(home, "trainyard.webhooks.private-addresses", "refuse")) {
            var reply = strict.create(
                    "{\"name\":\"n\",\"model\":{\"name\":\"m\"},\"webhooks\":[{\"url\":\"http://10.0.0.1/\"}]}");
            assertEquals(422, reply.status());
            assertTrue(reply.text().contains("webhooks[0].url"), reply.text());
        }
    }

    @Test
    void what_was_not_told_is_told_by_the_next_server(@TempDir Path home) {
        var down = new AtomicInteger(503);
        try (var receiver = Receiver.answering(_ -> Answer.of(down.get()))) {
            try (var first = LiveServer.start(home)) {
                String job = first.job("""
                    {"name":"told","model":{"name":"m"},"placement":{"backends":["simulated"]},
                     "annotations":{"trainyard.simulated/script":"succeed"},"webhooks":[%s]}""".formatted(to(receiver)));
                first.await(job, "succeeded");
                receiver.await(told -> !told.isEmpty());
            }
            down.set(200);
            try (var _ = LiveServer.start(home)) {
                receiver.await(DeliveryTest::over);
            }
        }
    }
}
