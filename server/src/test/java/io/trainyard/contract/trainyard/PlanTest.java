package io.trainyard.contract.trainyard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.LiveServer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** What would become of a job, said without it becoming anything; and jobs made after others. */
class PlanTest {
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

    private static String placed(String backends) {
        return """
                {"name":"planned","model":{"name":"none","token":"hf_of_mine_alone"},
                 "container":{"image":"registry.example/trainer:1"},
                 "placement":{"backends":[%s],"fallback":true}}""".formatted(backends);
    }

    private static JsonNode plan(String body) {
        var reply = server.post("/api/v1/plan", body);
        assertEquals(200, reply.status(), reply.text());
        return reply.json().get("plan");
    }

    private static List<String> names(JsonNode plan) {
        return plan.get("backends")
                .valueStream()
                .map(one -> one.get("name").stringValue())
                .toList();
    }

    @Test
    void a_plan_names_the_backend_the_order_the_demand_and_the_manifest_and_keeps_nothing() {
        int before = server.get(JOBS + "?limit=500").json().get("jobs").size();
        JsonNode plan = plan(placed("\"moon\",\"simulated\",\"kubernetes\""));
        assertEquals("moon", plan.get("backend").stringValue());
        assertFalse(plan.get("accepted").booleanValue());
        plan = plan(placed("\"kubernetes\",\"simulated\"").replace("\"fallback\":true", "\"fallback\":false"));
        assertEquals("kubernetes", plan.get("backend").stringValue());
        assertEquals(List.of("kubernetes", "simulated"), names(plan));
        assertTrue(plan.get("accepted").booleanValue());
        assertFalse(plan.get("fallback").booleanValue());
        assertTrue(plan.get("manifest").stringValue().contains("registry.example/trainer:1"), plan.toString());
        assertFalse(plan.toString().contains("hf_of_mine_alone"));
        assertEquals(0, plan.get("objections").size());
        assertTrue(plan.at("/demand/cpus").isInt());
        assertEquals(before, server.get(JOBS + "?limit=500").json().get("jobs").size());
    }

    @Test
    void a_backend_that_only_renders_is_passed_by_a_job_that_may_fall_back() {
        JsonNode plan = plan(placed("\"kubernetes\",\"simulated\""));
        assertTrue(plan.get("fallback").booleanValue());
        assertEquals("simulated", plan.get("backend").stringValue());
        assertEquals(List.of("kubernetes", "simulated"), names(plan));
    }

    @Test
    void the_first_backend_that_has_nothing_against_it_is_chosen() {
        String body = """
                {"name":"planned","framework":"custom","container":{"command":["true"]},
                 "annotations":{"trainyard.simulated/script":"dance"},
                 "placement":{"backends":["simulated","local"]}}""";
        JsonNode plan = plan(body);
        assertEquals("local", plan.get("backend").stringValue());
        assertEquals(1, plan.at("/backends/0/objections").size(), plan.toString());
        assertEquals(0, plan.at("/backends/1/objections").size(), plan.toString());
    }

    @Test
    void a_plan_and_a_dry_run_are_the_same_answer() {
        String body = placed("\"simulated\"");
        assertEquals(
                timeless(server.post("/api/v1/plan", body).json()),
                timeless(server.post(JOBS + "?dry_run=true", body).json()));
    }

    private static JsonNode timeless(JsonNode answer) {
        var job = (ObjectNode) answer.get("job");
        List.of("id", "created_at", "updated_at").forEach(job::remove);
        return answer;
    }

    @Test
    void what_a_create_would_refuse_a_plan_refuses_in_the_same_words() {
        for (String body :
                List.of("{}", "[]", "{", "{\"name\":7}", "{\"name\":\"n\",\"model\":{\"name\":\"m\"},\"what\":1}")) {
            var created = server.create(body);
            var planned = server.post("/api/v1/plan", body);
            assertEquals(created.status(), planned.status(), body);
            assertEquals(created.json(), planned.json(), body);
        }
    }

    private static JsonNode finished(String script) {
        String id = server.job("""
                {"name":"first","model":{"name":"none","token":"hf_of_mine_alone"},"labels":{"a":"1"},
                 "annotations":{"trainyard.simulated/script":"%s"}}""".formatted(script));
        return server.await(id, job -> job.get("finished_at").isString());
    }

    @Test
    void a_clone_has_the_spec_of_another_job_but_what_was_said_anew() {
        JsonNode first = finished("run 1ms");
        String path = JOBS + "/" + first.get("id").stringValue() + "/clone";
        var same = server.post(path, "");
        assertEquals(201, same.status(), same.text());
        assertEquals(first.get("spec"), same.json().get("spec"));
        assertTrue(same.json().get("retry_of").isNull());
        assertEquals(JOBS + "/" + same.json().get("id").stringValue(), same.header("Location"));
        JsonNode other = server.post(path, "{\"name\":\"second\",\"labels\":{\"b\":\"2\"}}")
                .json();
        assertEquals("second", other.get("name").stringValue());
        assertEquals("{\"b\":\"2\"}", other.get("labels").toString());
        server.await(other.get("id").stringValue(), "succeeded");
        for (String wrong : List.of("{\"model\":{}}", "{\"name\":\"\"}", "{\"labels\":{\"a\":1}}"))
            assertEquals(422, server.post(path, wrong).status(), wrong);
        assertEquals(404, server.post(JOBS + "/nothing/clone", "").status());
    }

    @Test
    void a_living_job_is_cloned_as_well() {
        String id = server.job("{\"name\":\"lives\",\"model\":{\"name\":\"none\"},"
                + "\"annotations\":{\"trainyard.simulated/script\":\"stall\"}}");
        assertEquals(201, server.post(JOBS + "/" + id + "/clone", "").status());
    }

    @Test
    void a_clone_of_a_foreign_job_sends_no_callbacks_and_says_so() {
        var reply = server.post("/hf-unsloth/train", """
                {"job_id":"foreign","base_model":{"provider":"huggingface","model_name":"m"},
                 "customization":{},"resources":{"gpus":1},
                 "datasets":[{"source":"s3://b/rows.jsonl","format":"jsonl"}],
                 "tuning_parameters":{},"artifacts":{"log_uri":"s3://b/l","output_uri":"s3://b/o"},
                 "callbacks":{"webhook_url":"http://127.0.0.1:9/hook","auth_header":"Bearer of-mine"}}""", "X-TRAINER-TOKEN", LiveServer.TOKEN);
        assertEquals(200, reply.status(), reply.text());
        String id = server.get(JOBS + "?text=foreign").json().at("/jobs/0/id").stringValue();
        JsonNode clone = server.post(JOBS + "/" + id + "/clone", "").json();
        assertEquals("trainyard", clone.get("contract").stringValue());
        assertTrue(clone.get("client_id").isNull());
        assertEquals(0, clone.at("/spec/webhooks").size());
        assertTrue(clone.get("warnings").toString().contains("no callbacks are sent"), clone.toString());
    }

    @Test
    void a_retry_or_a_clone_under_a_key_is_made_once() {
        JsonNode first = finished("fail");
        String path = JOBS + "/" + first.get("id").stringValue();
        for (String verb : List.of("/retry", "/clone")) {
            var made = server.post(path + verb, "", KEY, "key" + verb);
            var again = server.post(path + verb, "", KEY, "key" + verb);
            assertEquals(201, made.status(), made.text());
            assertEquals(200, again.status(), again.text());
            assertEquals(made.json().get("id"), again.json().get("id"));
            assertEquals(400, server.post(path + verb, "", KEY, "").status());
        }
        assertEquals(
                422,
                server.post(path + "/clone", "{\"name\":\"other\"}", KEY, "key/clone")
                        .status());
        assertEquals(422, server.post(path + "/clone", "", KEY, "key/retry").status());
        String another = finished("fail").get("id").stringValue();
        assertEquals(
                422,
                server.post(JOBS + "/" + another + "/retry", "", KEY, "key/retry")
                        .status());
    }

    @Test
    void a_client_that_sends_its_request_again_meets_the_retry_of_its_job(@TempDir Path home) {
        String body = """
            {"job_id":"again","base_model":{"provider":"huggingface","model_name":"m"},"customization":{"method":"lora"},
             "resources":{"gpus":1},"datasets":[{"source":"s","format":"hf"}],"tuning_parameters":{},
             "artifacts":{"log_uri":"s3://b/l","output_uri":"s3://b/o"}}""";
        var longRuns = Map.of("TRAINER_JOB_RUNNER", "mock", "TRAINYARD_SIMULATED_RUN_MILLIS", "600000");
        try (var live = LiveServer.withEnvironment(home, longRuns)) {
            String first = trained(live.post("/hf-unsloth/train", body));
            live.post("/hf-unsloth/train/again/cancel", "");
            live.await(first, "cancelled");
            var retry = live.post(JOBS + "/" + first + "/retry", "");
            assertEquals(201, retry.status(), retry.text());
            assertEquals(retry.json().get("id").stringValue(), trained(live.post("/hf-unsloth/train", body)));
            var other = live.post("/hf-unsloth/train", body.replace("\"gpus\":1", "\"gpus\":2"));
            assertEquals(400, other.status(), other.text());
        }
    }

    private static String trained(LiveServer.Reply reply) {
        assertEquals(200, reply.status(), reply.text());
        return reply.json().at("/metadata/trainyard/id").stringValue();
    }
}
