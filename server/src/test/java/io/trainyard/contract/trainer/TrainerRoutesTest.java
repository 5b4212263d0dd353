package io.trainyard.contract.trainer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.backend.simulated.SimulatedBackend;
import io.trainyard.contract.trainer.Yard.Reply;
import io.trainyard.job.Event;
import io.trainyard.job.Outcome;
import io.trainyard.job.Wish;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Ids of any shape, repeats, cancels, tokens and words of every route, over a real server; long because there are many. */
class TrainerRoutesTest {
    @TempDir
    static Path home;

    @SuppressWarnings("NullAway.Init")
    static Yard yard;

    @BeforeAll
    static void start() {
        yard = new Yard(home, "t0ken");
    }

    @AfterAll
    static void stop() {
        yard.close();
    }

    private static String body(String id) {
        return TrainerBodies.with(body -> body.put("job_id", id)).toString();
    }

    @Test
    void health_is_answered_at_the_root_and_by_each_service_and_only_to_get() {
        for (String prefix : List.of("", "/nemo", "/meta", "/hf-unsloth")) {
            Reply reply = yard.send("GET", prefix + "/healthz", "");
            assertEquals(200, reply.status());
            assertEquals("{\"status\":\"ok\"}", reply.text());
            assertEquals(405, yard.send("HEAD", prefix + "/healthz", "").status());
            assertEquals(405, yard.send("POST", prefix + "/healthz", "").status());
        }
    }

    @Test
    void F18_a_token_is_asked_for_before_the_body_is_read() {
        for (String prefix : List.of("", "/nemo")) {
            Reply missing = yard.send("POST", prefix + "/train", "{broken");
            assertEquals(401, missing.status());
            assertEquals("Missing X-TRAINER-TOKEN header", missing.detail());
            Reply wrong = yard.send("POST", prefix + "/train", "{broken", "X-TRAINER-TOKEN", "other");
            assertEquals(403, wrong.status());
            assertEquals("Invalid trainer API token", wrong.detail());
            assertEquals(401, yard.send("GET", prefix + "/train/x", "").status());
            assertEquals(401, yard.send("POST", prefix + "/train/x/cancel", "").status());
        }
        assertEquals(
                422,
                yard.send("POST", "/nemo/train", "{broken", "Authorization", "Bearer t0ken")
                        .status());
    }

    @Test
    void F1_a_job_is_submitted_shown_and_cancelled() {
        Reply submitted = yard.post("/hf-unsloth/train", body("life-1"));
        assertEquals(200, submitted.status());
        assertEquals("submitted", submitted.json().get("status").stringValue());
        assertEquals("Job accepted for processing", submitted.detail());
        assertEquals(submitted.text(), yard.get("/hf-unsloth/train/life-1").text());
        assertEquals(submitted.text(), yard.get("/train/life-1").text());
        assertEquals(404, yard.get("/nemo/train/life-1").status());
        Reply cancelled = yard.post("/hf-unsloth/train/life-1/cancel", "");
        assertEquals(200, cancelled.status());
        assertEquals("cancelled", cancelled.json().get("status").stringValue());
        assertTrue(cancelled.detail().endsWith("stopping…"));
        assertEquals(Wish.CANCEL, yard.last().wish());
        yard.end(new Outcome.Cancelled(), Event.Kind.CANCELLED);
        assertEquals(
                "Job already cancelled", yard.post("/train/life-1/cancel", "").detail());
        assertEquals("Job cancelled", yard.get("/train/life-1").detail());
    }

    @Test
    void an_unknown_job_is_named() {
        for (Reply reply : List.of(yard.get("/meta/train/no such".replace(" ", "%20")), yard.get("/train/no%20such"))) {
            assertEquals(404, reply.status());
            assertEquals("Job no such not found", reply.detail());
        }
        assertEquals(404, yard.post("/nemo/train/nobody/cancel", "").status());
    }

    @Test
    void other_paths_and_methods_are_refused_in_the_contract_s_shape() {
        assertEquals("{\"detail\":\"Not Found\"}", yard.get("/nemo/elsewhere").text());
        assertEquals("{\"detail\":\"Not Found\"}", yard.get("/nemo").text());
        for (Reply reply : List.of(
                yard.get("/nemo/train"),
                yard.get("/train"),
                yard.send("DELETE", "/nemo/train/x", ""),
                yard.send("PUT", "/train/x", "{}"),
                yard.post("/train/x", "{}"),
                yard.post("/nemo/openapi.json", "{}"))) {
            assertEquals(405, reply.status());
            assertEquals("{\"detail\":\"Method Not Allowed\"}", reply.text());
            assertFalse(reply.allow().isEmpty(), "it says which methods there are");
        }
        assertEquals("POST", yard.get("/nemo/train").allow());
        assertEquals("POST", yard.get("/train").allow());
        assertEquals("GET", yard.send("DELETE", "/nemo/train/x", "").allow());
        assertEquals("GET, POST", yard.send("PUT", "/nemo/train/x/cancel", "").allow());
    }

    @Test
    void F2_and_F4_ids_of_any_shape_are_found_again() {
        var ids = List.of(
                "a/b/c",
                "a%2Fb",
                "../../etc/passwd",
                "..",
                "ünï-çödé-作业 🚂",
                " ",
                "a b+c",
                "x;y=z",
                "q?r#s&t",
                "50%",
                "%zz",
                "a//b",
                "cancel",
                "a/cancel",
                "\"quoted\\\"",
                "123e4567-e89b-12d3-a456-426614174000",
                "A".repeat(300));
        for (String id : ids) {
            assertEquals(200, yard.post("/hf-unsloth/train", body(id)).status(), id);
            String path = URLEncoder.encode(id, StandardCharsets.UTF_8)
                    .replace("+", "%20")
                    .replace("..", "%2E%2E");
            for (String prefix : List.of("", "/hf-unsloth")) {
                Reply found = yard.get(prefix + "/train/" + path);
                assertEquals(200, found.status(), id);
                assertEquals(id, found.json().get("job_id").stringValue());
                Reply cancelled = yard.post(prefix + "/train/" + path + "/cancel", "");
                assertEquals("cancelled", cancelled.json().path("status").stringValue(""), id);
            }
        }
        assertEquals("a/b/c", yard.get("/train/a/b/c").json().get("job_id").stringValue());
        assertEquals(
                "../../etc/passwd",
                yard.raw("GET", "/hf-unsloth/train/../../etc/passwd")
                        .json()
                        .path("job_id")
                        .stringValue(""));
        assertEquals(
                "ünï-çödé-作业 🚂",
                yard.raw("GET", "/train/ünï-çödé-作业%20🚂").json().path("job_id").stringValue(""));
    }

    @Test
    void the_same_body_again_is_the_first_job_and_another_body_is_refused_while_it_lives() {
        Reply first = yard.post("/hf-unsloth/train", body("twice"));
        int before = yard.size();
        assertEquals(first.text(), yard.post("/hf-unsloth/train", body("twice")).text());
        String reordered = """
            {"tuning_parameters": {"batch_size": "32"}, "customization": {"method": "lora"}, "unknown": 1,
             "artifacts": {"output_uri": "s3://b/o", "log_uri": "s3://b/l"}, "resources": {"gpus": 1},
             "datasets": [{"format": "jsonl", "source": "s3://b/d.jsonl"}],
             "base_model": {"model_name": "m", "provider": "huggingface"}, "job_id": "twice"}
            """;
        assertEquals(200, yard.post("/train", reordered).status());
        assertEquals(before, yard.size());
        String other = TrainerBodies.with(body -> body.put("job_id", "twice").putObject("callbacks"))
                .toString();
        Reply refused = yard.post("/hf-unsloth/train", other);
        assertEquals(400, refused.status());
        assertEquals("TrainJob twice already exists: job_id twice is submitted with another body", refused.detail());
        yard.end(new Outcome.Succeeded(), Event.Kind.SUCCEEDED);
        assertEquals(200, yard.post("/hf-unsloth/train", other).status());
    }

    @Test
    void an_idempotency_key_stands_for_one_body() {
        String[] headers = {"X-TRAINER-TOKEN", "t0ken", "Idempotency-Key", "key-1"};
        Reply first = yard.send("POST", "/hf-unsloth/train", body("keyed-1"), headers);
        assertEquals(
                first.text(),
                yard.send("POST", "/hf-unsloth/train", body("keyed-1"), headers).text());
        Reply reused = yard.send("POST", "/hf-unsloth/train", body("keyed-2"), headers);
        assertEquals(422, reused.status());
        assertEquals(
                "[\"header\",\"Idempotency-Key\"]",
                reused.json().get("detail").get(0).get("loc").toString());
        headers[3] = "k".repeat(256);
        assertEquals(
                400,
                yard.send("POST", "/hf-unsloth/train", body("keyed-3"), headers).status());
    }

    @Test
    void F14_every_documented_provider_picks_its_service_at_the_root() {
        for (var pair : List.of(
                List.of("nemo", "nemo"),
                List.of("nemotron", "nemo"),
                List.of("bim", "nemo"),
                List.of("meta", "meta"),
                List.of("huggingface", "hf-unsloth"),
                List.of("mistral", "hf-unsloth"),
                List.of("tii", "hf-unsloth"),
                List.of("custom", "hf-unsloth"))) {
            String body = TrainerBodies.with(each -> {
                        each.put("job_id", "root-" + pair.getFirst());
                        each.putObject("base_model")
                                .put("provider", pair.getFirst())
                                .put("model_name", "m");
                        each.putObject("resources").put("gpus", 2);
                    })
                    .toString();
            Reply reply = yard.post("/train", body);
            assertEquals(200, reply.status(), reply.text());
            assertEquals(
                    pair.getLast(),
                    reply.json().at("/metadata/job_spec/backend").stringValue());
        }
        Reply foreign = yard.post("/train", "{\"framework\": \"hf\", \"run_id\": \"r\"}");
        assertEquals(400, foreign.status());
        assertTrue(foreign.detail().contains("job_id, base_model, datasets, customization, resources, artifacts"));
    }

    @Test
    void at_the_root_the_newest_of_three_services_is_found() {
        String meta = TrainerBodies.with(each -> {
                    each.put("job_id", "same");
                    each.putObject("resources").put("gpus", 2);
                })
                .toString();
        yard.post("/meta/train", meta);
        yard.post("/hf-unsloth/train", meta);
        assertEquals(
                "hf-unsloth",
                yard.get("/train/same").json().at("/metadata/job_spec/backend").stringValue());
        assertEquals(
                "meta",
                yard.get("/meta/train/same")
                        .json()
                        .at("/metadata/job_spec/backend")
                        .stringValue());
    }

    @Test
    void what_is_no_json_object_is_refused_in_known_words() {
        String broken = yard.post("/nemo/train", "{\"job_id\": }").text();
        assertTrue(broken.startsWith("{\"detail\":[{\"type\":\"json_invalid\",\"loc\":[\"body\",11]"), broken);
        assertTrue(broken.contains("\"msg\":\"JSON decode error\",\"input\":{},\"ctx\":{\"error\":"), broken);
        for (String empty : List.of("", "null", " "))
            assertEquals(
                    "{\"detail\":[{\"loc\":[\"body\"],\"msg\":\"field required\",\"type\":\"value_error.missing\"}]}",
                    yard.post("/nemo/train", empty).text());
        String noDict =
                "{\"detail\":[{\"loc\":[\"body\"],\"msg\":\"value is not a valid dict\",\"type\":\"type_error.dict\"}]}";
        assertEquals(noDict, yard.post("/nemo/train", "[]").text());
        for (String type :
                List.of("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x")) {
            Reply reply =
                    yard.send("POST", "/nemo/train", body("typed"), "X-TRAINER-TOKEN", "t0ken", "Content-Type", type);
            assertEquals(422, reply.status());
            assertEquals(noDict, reply.text());
        }
        Reply typed = yard.send(
                "POST",
                "/hf-unsloth/train",
                body("typed"),
                "X-TRAINER-TOKEN",
                "t0ken",
                "Content-Type",
                "application/json; charset=utf-8");
        assertEquals(200, typed.status());
        Reply deep = yard.post("/nemo/train", "[".repeat(100_000));
        assertEquals(400, deep.status());
        assertEquals("There was an error parsing the body", deep.detail());
    }

    @Test
    void five_megabytes_are_read_and_no_more() {
        Reply most = yard.post("/hf-unsloth/train", padded(5 << 20));
        assertEquals(200, most.status());
        Reply more = yard.post("/hf-unsloth/train", padded((5 << 20) + 1));
        assertEquals(413, more.status());
        assertTrue(more.detail().contains("5242880"));
    }

    private static String padded(int bytes) {
        String body = body("large");
        return body + " ".repeat(bytes - body.length());
    }

    @Test
    void a_backend_s_objection_is_a_refusal() {
        Reply reply = yard.post(
                "/hf-unsloth/train",
                TrainerBodies.with(body -> body.putObject("extra_parameters")
                                .putObject("job_annotations")
                                .put(SimulatedBackend.SCRIPT, "juggle"))
                        .toString());
        assertEquals(400, reply.status());
        assertTrue(
                reply.detail().startsWith("annotations." + SimulatedBackend.SCRIPT + ": \"juggle\""), reply.detail());
    }

    @Test
    void each_service_documents_itself() {
        for (Service service : Service.ALL) {
            Reply openapi = yard.send("GET", "/" + service.word + "/openapi.json", "");
            assertEquals("3.1.0", openapi.json().get("openapi").stringValue());
            assertEquals(service.title, openapi.json().at("/info/title").stringValue());
            assertEquals("0.1.0", openapi.json().at("/info/version").stringValue());
            assertFalse(openapi.json()
                    .at("/components/schemas/TrainingRequest/properties/base_model")
                    .isMissingNode());
            for (String page : List.of("/docs", "/redoc"))
                assertTrue(
                        yard.send("GET", "/" + service.word + page, "").text().contains("/webjars/swagger-ui/"));
        }
    }

    @Test
    void F5_no_answer_holds_a_secret() {
        String body = TrainerBodies.fullest().toString();
        var answers = List.of(
                yard.post("/hf-unsloth/train", body),
                yard.get("/train/full-1"),
                yard.post("/hf-unsloth/train", body),
                yard.post("/hf-unsloth/train/full-1/cancel", ""));
        var wanted = TrainerBodies.wanted(TrainerBodies.fullest());
        assertTrue(wanted.secrets().size() >= 20);
        for (Reply answer : answers) {
            assertEquals(200, answer.status(), answer.text());
            wanted.secrets().forEach((name, value) -> assertFalse(answer.text().contains(value), name.name()));
        }
        assertEquals(wanted.secrets().size(), yard.lastSecrets().size());
    }
}
