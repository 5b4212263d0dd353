package io.trainyard.contract.trainyard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.LiveServer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A create that is asked again, after a lost answer or by mistake, makes no second job. */
class RepeatedCreateTest {
    private static final String JOBS = "/api/v1/jobs";
    private static final String KEY = "Idempotency-Key";
    private static LiveServer server;

    @BeforeAll
    static void start(@TempDir Path home) {
        server = LiveServer.start(home);
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static String named(String name) {
        return "{\"name\":\"%s\",\"model\":{\"name\":\"none\"}}".formatted(name);
    }

    private static int count(String query) {
        return server.get(JOBS + query).json().get("jobs").size();
    }

    @Test
    void the_same_key_answers_the_first_job_however_the_same_body_is_written() {
        String body = named("one-key");
        String id = server.post(JOBS, body, KEY, "k1").json().get("id").stringValue();
        String written =
                " {\"labels\":{}, \"model\":{\"provider\":\"huggingface\",\"name\":\"none\"}, \"framework\":\"hf\","
                        + "\"name\":\"one-key\", \"seed\":null,\"policy\":{\"priority\":0.0}}";
        assertEquals(422, server.post(JOBS, written, KEY, "k1").status(), "seed is no field here");
        var again = server.post(JOBS, written.replace(" \"seed\":null,", ""), KEY, "k1");
        assertEquals(200, again.status(), again.text());
        assertEquals(id, again.json().get("id").stringValue());
        var other = server.post(JOBS, named("other"), KEY, "k1");
        assertEquals(422, other.status());
        assertTrue(other.json().get("detail").stringValue().contains(id), other.text());
        assertEquals(1, count("?name=one-key"));
    }

    @Test
    void another_secret_under_the_same_key_is_another_body() {
        String body = "{\"name\":\"secret-key\",\"model\":{\"name\":\"m\",\"token\":\"one\"}}";
        assertEquals(201, server.post(JOBS, body, KEY, "k2").status());
        assertEquals(200, server.post(JOBS, body, KEY, "k2").status());
        assertEquals(
                422, server.post(JOBS, body.replace("one", "two"), KEY, "k2").status());
    }

    @Test
    void a_key_is_one_to_255_characters() {
        assertEquals(400, server.post(JOBS, named("n"), KEY, "").status());
        assertEquals(400, server.post(JOBS, named("n"), KEY, "k".repeat(256)).status());
        assertEquals(
                201,
                server.post(JOBS, named("longest-key"), KEY, "k".repeat(255)).status());
    }

    @Test
    void blind_retries_at_the_same_time_make_one_job() throws InterruptedException {
        var ids = Collections.synchronizedSet(new HashSet<String>());
        var threads = new ArrayList<Thread>();
        for (int i = 0; i < 16; i++)
            threads.add(Thread.startVirtualThread(() -> ids.add(server.post(JOBS, named("blind"), KEY, "blind")
                    .json()
                    .get("id")
                    .stringValue())));
        for (Thread thread : threads) thread.join();
        assertEquals(1, ids.size());
        assertEquals(1, count("?name=blind"));
    }
}
