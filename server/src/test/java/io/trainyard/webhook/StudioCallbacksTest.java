package io.trainyard.webhook;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.LiveServer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** The trainer contract and a receiver with the studio's rules, over the wire in both directions. */
class StudioCallbacksTest {
    private static final String SECRET = "64hexdigitsofthecallback";
    private final Studio studio = new Studio();
    private LiveServer server;

    @BeforeEach
    void start(@TempDir Path home) {
        server = LiveServer.with(home, "trainyard.webhooks.heartbeat-seconds", "1");
    }

    @AfterEach
    void stop() {
        server.close();
        studio.close();
    }

    static String body(String job, String script, String callbacks) {
        return """
            {"job_id":"%s","base_model":{"provider":"huggingface","model_name":"m"},"datasets":[],
             "customization":{"method":"lora"},"resources":{},"artifacts":{"log_uri":"l","output_uri":"o"},
             "tuning_parameters":{},"callbacks":%s,
             "extra_parameters":{"job_annotations":{"trainyard.simulated/script":"%s"}}}""".formatted(job, callbacks, script);
    }

    private LiveServer.Reply submit(String job, String script) {
        String url = studio.expect(job, SECRET);
        return server.post(
                "/hf-unsloth/train",
                body(job, script, "{\"webhook_url\":\"%s\",\"auth_header\":\"Bearer %s\"}".formatted(url, SECRET)));
    }

    private static boolean ended(List<Receiver.Told> told) {
        return told.stream()
                .anyMatch(one -> List.of("succeeded", "failed", "cancelled").contains(one.status()));
    }

    @Test
    void F11_every_callback_of_a_jobs_life_is_accepted_and_has_a_log() {
        String job = UUID.nameUUIDFromBytes(new byte[] {1}).toString();
        assertEquals(200, submit(job, "wait 100ms, run 2500ms, succeed").status());
        var told = studio.receiver.await(StudioCallbacksTest::ended);
        assertEquals(Map.of(), studio.refused());
        assertEquals("queued", told.getFirst().status());
        assertEquals("succeeded", told.getLast().status());
        var statuses = studio.receiver.statuses();
        assertTrue(statuses.indexOf("running") > 0, statuses.toString());
        for (var one : told) {
            JsonNode body = one.json();
            assertEquals(
                    List.of("job_id", "backend_job_id", "status", "detail", "log", "timestamp"),
                    List.copyOf(body.propertyNames()));
            assertEquals(job, body.get("job_id").stringValue());
            assertEquals(body.get("detail"), body.get("log"));
            assertTrue(body.get("log").stringValue().length() > 5);
            assertTrue(body.get("timestamp").isFloatingPointNumber());
            assertEquals("Bearer " + SECRET, one.header("authorization"));
            assertEquals("application/json", one.header("content-type"));
        }
    }

    @Test
    void while_a_job_runs_its_receiver_hears_so_at_every_interval_and_no_more_when_it_is_over() {
        submit("beating", "run 3500ms, succeed");
        var told = studio.receiver.await(StudioCallbacksTest::ended);
        var running =
                told.stream().filter(one -> one.status().equals("running")).toList();
        assertTrue(
                running.size() >= 3 && running.size() <= 5,
                studio.receiver.statuses().toString());
        for (int i = 2; i < running.size(); i++) {
            long gap = Duration.ofNanos(
                            running.get(i).nanos() - running.get(i - 1).nanos())
                    .toMillis();
            assertTrue(gap > 500 && gap < 2000, gap + " ms");
        }
        Receiver.pause(1500);
        assertEquals(told.size(), studio.receiver.told().size());
    }

    @Test
    void F7_callbacks_end_with_the_job() {
        submit("failing", "run 20ms, fail exit_code");
        studio.receiver.await(StudioCallbacksTest::ended);
        assertEquals("failed", studio.status("failing"));
        submit("waiting", "stall");
        studio.receiver.await(told -> studio.status("waiting").equals("running"));
        assertEquals(200, server.post("/hf-unsloth/train/waiting/cancel", "").status());
        studio.receiver.await(told -> studio.status("waiting").equals("cancelled"));
        int told = studio.receiver.told().size();
        Receiver.pause(1500);
        assertEquals(told, studio.receiver.told().size());
        assertEquals(Map.of(), studio.refused());
    }

    @Test
    void F6_a_repeated_submit_tells_nothing_twice() {
        for (int i = 0; i < 4; i++)
            assertEquals(200, submit("again", "run 2s, succeed").status());
        studio.receiver.await(StudioCallbacksTest::ended);
        Receiver.pause(300);
        long first = studio.receiver.told().stream()
                .filter(one -> one.json().get("detail").stringValue().equals("Job accepted for processing"))
                .count();
        assertEquals(1, first);
        var ids = studio.receiver.told().stream()
                .map(one -> one.header("webhook-id"))
                .toList();
        assertEquals(ids.stream().distinct().toList(), ids);
    }

    @Test
    void F8_an_event_filter_filters_and_terminal_events_come_all_the_same() {
        String url = studio.expect("choosy", SECRET);
        String callbacks =
                "{\"webhook_url\":\"%s\",\"auth_header\":\"%s\",\"event_filter\":[\"running\"]}".formatted(url, SECRET);
        server.post("/hf-unsloth/train", body("choosy", "run 500ms, succeed", callbacks));
        studio.receiver.await(StudioCallbacksTest::ended);
        assertEquals(List.of("running", "succeeded"), studio.receiver.statuses());
    }

    @Test
    void F12_a_receiver_without_a_top_level_domain_is_told() {
        String url = studio.expect("local", SECRET).replace("127.0.0.1", "localhost");
        server.post(
                "/hf-unsloth/train",
                body("local", "succeed", "{\"webhook_url\":\"%s\",\"auth_header\":\"%s\"}".formatted(url, SECRET)));
        studio.receiver.await(StudioCallbacksTest::ended);
    }

    @Test
    void F16_a_metadata_address_is_refused_in_the_contracts_list_shape() {
        var reply = server.post(
                "/nemo/train",
                body("evil", "succeed", "{\"webhook_url\":\"http://169.254.169.254/latest\",\"auth_header\":\"a\\nb\"}")
                        .replace("huggingface", "nemo"));
        assertEquals(422, reply.status(), reply.text());
        JsonNode first = reply.json().at("/detail/0");
        assertEquals(
                "[\"body\",\"callbacks\",\"webhook_url\"]", first.get("loc").toString());
        assertEquals("http://169.254.169.254/latest", first.get("input").stringValue());
        assertTrue(first.get("msg").stringValue().contains("metadata"), reply.text());
        assertEquals("********", reply.json().at("/detail/1/input").stringValue());
        assertEquals(404, server.get("/nemo/train/evil").status());
    }

    @Test
    void F17_a_hanging_receiver_holds_up_neither_submit_nor_cancel_nor_anybody_else() {
        try (var hanging = Receiver.answering(_ -> {
            Receiver.pause(20_000);
            return Receiver.Answer.OK;
        })) {
            for (int i = 0; i < 40; i++)
                server.post(
                        "/hf-unsloth/train",
                        body("h" + i, "stall", "{\"webhook_url\":\"%s\"}".formatted(hanging.url("/h" + i))));
            hanging.await(told -> told.size() >= 16);
            long began = System.nanoTime();
            assertEquals(200, submit("prompt", "run 50ms, succeed").status());
            studio.receiver.await(StudioCallbacksTest::ended);
            assertEquals(200, server.post("/hf-unsloth/train/h1/cancel", "").status());
            long millis = Duration.ofNanos(System.nanoTime() - began).toMillis();
            assertTrue(millis < 3000, millis + " ms");
        }
    }

    @Test
    void the_word_for_submitted_is_a_setting(@TempDir Path home) {
        try (var other = LiveServer.with(home, "trainyard.webhooks.submitted-as", "submitted");
                var receiver = Receiver.content()) {
            other.post(
                    "/meta/train",
                    body("plain", "succeed", "{\"webhook_url\":\"%s\"}".formatted(receiver.url("/")))
                            .replace("\"resources\":{}", "\"resources\":{\"gpus\":2}"));
            receiver.await(StudioCallbacksTest::ended);
            assertEquals("submitted", receiver.statuses().getFirst());
        }
    }
}
