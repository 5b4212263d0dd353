package io.trainyard.contract.root;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.LiveServer;
import io.trainyard.LiveServer.Reply;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The real server at its root, where all contracts answer at once or one is pinned. */
class RootTest {
    private static final String UNIFIED = """
        {"framework": "hf", "model_id": "m", "run_id": "%s", "checkpoint_base_uri": "/c", "dataset_uri": "/d"}""";
    private static final String TRAINER = """
        {"job_id": "%s", "base_model": {"provider": "meta", "model_name": "m"}, "datasets": [],
         "customization": {}, "resources": {"gpus": 2}, "artifacts": {"log_uri": "/l", "output_uri": "/o"},
         "tuning_parameters": {}}""";

    @TempDir
    Path home;

    private static String detail(Reply reply) {
        return reply.json().path("detail").stringValue("");
    }

    @Test
    void a_body_goes_to_the_contract_whose_it_is_and_its_job_is_found_again() {
        try (var server = LiveServer.start(home)) {
            Reply unified = server.post("/train", UNIFIED.formatted("r1"));
            assertEquals(201, unified.status());
            assertEquals("hf-r1", unified.json().get("name").stringValue());
            Reply trainer = server.post("/train", TRAINER.formatted("t1"));
            assertEquals(200, trainer.status());
            assertEquals("meta", trainer.json().at("/metadata/job_spec/backend").stringValue());
            assertEquals("r1", server.get("/train/hf-r1").json().get("run_id").stringValue());
            assertEquals("t1", server.get("/train/t1").json().get("job_id").stringValue());
            assertEquals(200, server.get("/train/hf-r1/logs").status());
            assertEquals(200, server.post("/train/hf-r1/cancel", "").status());
            assertEquals(200, server.post("/train/t1/cancel", "").status());
            assertEquals("{\"status\":\"ok\"}", server.get("/healthz").text());
            assertEquals(
                    "{\"detail\":\"Job no not found\"}", server.get("/train/no").text());
            assertEquals(405, server.delete("/train/t1").status());
            assertEquals("GET", server.delete("/train/t1").header("Allow"));
            assertEquals(
                    401,
                    server.send(server.anonymous("POST", "/train", "{broken")).status());
            assertEquals(
                    401, server.send(server.anonymous("GET", "/train/t1", "")).status());
        }
    }

    @Test
    void a_body_of_nobody_and_one_of_two_are_refused_with_the_contracts_and_their_fields() {
        try (var server = LiveServer.start(home)) {
            Reply nobody = server.post("/train", "{\"framework\": \"hf\"}");
            assertEquals(400, nobody.status());
            assertTrue(
                    detail(nobody)
                            .contains(
                                    "trainer (/nemo, /meta, /hf-unsloth): job_id, base_model, datasets, customization,"
                                            + " resources, artifacts; unified (/unified): framework, model_id, run_id,"),
                    nobody.text());
            Reply both = server.post("/train", "{\"framework\": \"hf\", \"run_id\": \"r\", \"base_model\": {}}");
            assertEquals(400, both.status());
            assertTrue(detail(both).contains("more than one contract"), both.text());
            assertTrue(detail(both).contains("trainer (/hf-unsloth)")
                    && detail(both).contains("unified (/unified)"));
            assertEquals(422, server.post("/train", "[]").status());
            assertEquals(422, server.post("/train", "{").status());
            assertEquals(422, server.post("/train", "").status());
        }
    }

    @Test
    void an_id_of_two_contracts_is_409_at_the_root_and_found_under_each_prefix() {
        try (var server = LiveServer.start(home)) {
            server.post("/train", UNIFIED.formatted("both"));
            server.post("/train", TRAINER.formatted("hf-both"));
            Reply both = server.get("/train/hf-both");
            assertEquals(409, both.status());
            assertTrue(detail(both).contains("/meta/train/hf-both, /unified/train/hf-both"), both.text());
            assertEquals(409, server.post("/train/hf-both/cancel", "").status());
            assertEquals(200, server.get("/meta/train/hf-both").status());
            assertEquals(200, server.get("/unified/train/hf-both").status());
            // Whoever may not ask is not told that there are two.
            assertEquals(
                    401,
                    server.send(server.anonymous("GET", "/train/hf-both", "")).status());
        }
    }

    @Test
    void a_pinned_root_behaves_as_if_there_were_no_other_contract() {
        try (var server = LiveServer.pinned(home, "unified")) {
            Reply created = server.post("/train", UNIFIED.formatted("pin"));
            assertEquals(201, created.status());
            Reply foreign = server.post("/train", TRAINER.formatted("pin"));
            assertEquals(422, foreign.status());
            assertEquals(404, server.get("/train/pin").status());
            assertEquals(
                    "Unified Trainer API",
                    server.get("/openapi.json").json().at("/info/title").stringValue());
            assertEquals("{\"detail\":\"Not Found\"}", server.get("/nothing").text());
            assertEquals(
                    200, server.post("/meta/train", TRAINER.formatted("pin")).status());
            assertEquals(404, server.get("/train/pin").status());
        }
    }

    @Test
    void a_pinned_trainer_service_takes_its_own_bodies_only() {
        try (var server = LiveServer.pinned(home, "nemo")) {
            Reply other = server.post("/train", TRAINER.formatted("x"));
            assertEquals(400, other.status());
            assertTrue(detail(other).startsWith("Nemo backend only supports providers"), other.text());
            assertEquals(
                    "Nemo Trainer API",
                    server.get("/openapi.json").json().at("/info/title").stringValue());
            assertFalse(server.get("/train").status() == 200);
        }
    }
}
