package io.trainyard.cli;

import static io.trainyard.cli.Examples.ID;
import static io.trainyard.cli.Examples.PATH;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class WebhooksTest {
    private static final String DELIVERY = """
            {"id":17,"webhook":0,"sequence":3,"event":"running","attempt":2,"at":"2026-11-23T09:58:00.000Z",\
            "duration_ms":12.5,"status":503,"result":"failed","error":"answered 503"}""";
    private static final String ANSWER = """
            {"webhooks":[{"url":"http://studio:4000/hook","enabled":false,"pending":4}],"deliveries":[%s]}""".formatted(DELIVERY);

    private final FakeServer server = new FakeServer();

    @AfterEach
    void close() {
        server.close();
    }

    @Test
    void the_webhooks_and_what_they_were_told_are_listed() {
        server.answer("GET " + PATH + "/deliveries", ANSWER);
        var seen = Typed.at(server).run("webhooks", "list", ID, "--limit", "5");
        assertEquals(0, seen.code(), seen.err());
        assertEquals(
                "limit=5",
                server.requests("GET " + PATH + "/deliveries").getFirst().query());
        var lines = seen.out().lines().toList();
        assertTrue(lines.get(1).matches("0 +off +4 +http://studio:4000/hook"), seen.out());
        assertTrue(
                lines.get(4).matches("17 +0 +2026-11-23T09:58:00.000Z +running +2 +failed +12 +answered 503"),
                seen.out());
        assertEquals(
                ANSWER + "\n",
                Typed.at(server).run("webhooks", "list", ID, "--json").out());
    }

    @Test
    void a_job_without_webhooks_says_so() {
        server.answer("GET " + PATH + "/deliveries", "{\"webhooks\":[],\"deliveries\":[]}");
        var seen = Typed.at(server).run("webhooks", "list", ID);
        assertEquals("This job has no webhooks.\n", seen.err());
    }

    @Test
    void a_delivery_is_replayed() {
        server.answer("POST " + PATH + "/deliveries/17/replay", 202, DELIVERY);
        var seen = Typed.at(server).run("webhooks", "replay", ID, "17");
        assertEquals("running of " + ID + " is told once more\n", seen.out());
    }

    @Test
    void without_a_verb_the_verbs_are_named() {
        var seen = Typed.at(server).run("webhooks");
        assertTrue(seen.err().contains("webhooks list ID"), seen.err());
    }
}
