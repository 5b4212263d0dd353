package io.trainyard.cli;

import static io.trainyard.cli.Examples.ID;
import static io.trainyard.cli.Examples.PATH;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.cli.api.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

class SubmitTest {
    private static final String CREATE = "POST /api/v1/jobs";
    private final FakeServer server = new FakeServer();

    @TempDir
    private Path folder = Path.of("");

    @AfterEach
    void close() {
        server.close();
    }

    private String file(String text) throws IOException {
        return Files.writeString(folder.resolve("job.json"), text).toString();
    }

    private JsonNode sent() {
        return Json.read(server.requests(CREATE).getLast().body());
    }

    @Test
    void a_file_is_sent_as_it_is_and_the_id_alone_goes_to_standard_output() throws IOException {
        server.answer(CREATE, 201, Examples.job("queued"));
        var seen = Typed.at(server).run("submit", file("{\"name\":\"tiny\",\"labels\":{\"a\":\"b\"}}"));
        assertEquals(0, seen.code());
        assertEquals(ID + "\n", seen.out());
        assertTrue(seen.err().contains("Warning: runs on CPU"), seen.err());
        assertTrue(seen.err().contains("trainyard follow " + ID), seen.err());
        assertEquals("{\"name\":\"tiny\",\"labels\":{\"a\":\"b\"}}", sent().toString());
    }

    @Test
    void standard_input_will_do() {
        server.answer(CREATE, 201, Examples.job("queued"));
        var seen = Typed.at(server).input("{\"name\":\"piped\"}").run("submit", "-");
        assertEquals(0, seen.code());
        assertEquals("{\"name\":\"piped\"}", sent().toString());
    }

    @Test
    void options_are_laid_over_the_file() throws IOException {
        server.answer(CREATE, 201, Examples.job("queued"));
        String file = file("""
                {"name":"tiny","model":{"name":"old","revision":"v1"},"datasets":[{"source":"old.jsonl"}],
                "hyperparameters":{"epochs":9,"seed":1},"container":{"environment":{"A":"1"}}}""");
        var seen = Typed.at(server)
                .with("MY_TOKEN", "s3cret")
                .run(
                        "submit",
                        file,
                        "--name",
                        "new",
                        "--framework",
                        "hf",
                        "--model",
                        "gpt2",
                        "--dataset",
                        "a.jsonl",
                        "--dataset",
                        "b.jsonl",
                        "--method",
                        "qlora",
                        "--epochs",
                        "2",
                        "--max-steps",
                        "40",
                        "--learning-rate",
                        "1e-4",
                        "--batch-size",
                        "8",
                        "--gpus",
                        "2",
                        "--cpus",
                        "4",
                        "--memory-gib",
                        "16",
                        "--output",
                        "s3://bucket/out",
                        "--label",
                        "team=rail",
                        "--env",
                        "B=2=3",
                        "--secret",
                        "HF_TOKEN=MY_TOKEN",
                        "--backend",
                        "local",
                        "--backend",
                        "kubernetes",
                        "--priority",
                        "5",
                        "--max-duration",
                        "60",
                        "--extra",
                        "threads=2",
                        "--extra",
                        "lr_scheduler_type=cosine");
        assertEquals(0, seen.code(), seen.err());
        assertEquals(Json.read("""
                        {"name":"new","model":{"name":"gpt2","revision":"v1"},
                        "datasets":[{"source":"a.jsonl"},{"source":"b.jsonl"}],
                        "hyperparameters":{"epochs":2,"seed":1,"max_steps":40,"learning_rate":1.0E-4,"batch_size":8},
                        "container":{"environment":{"A":"1","B":"2=3","HF_TOKEN":{"secret":"s3cret"}}},
                        "framework":"hf","method":{"kind":"qlora"},
                        "resources":{"gpus":2,"cpus":4,"memory_gib":16},"outputs":{"uri":"s3://bucket/out"},
                        "labels":{"team":"rail"},"placement":{"backends":["local","kubernetes"]},
                        "policy":{"priority":5,"max_duration_minutes":60},
                        "extra":{"threads":2,"lr_scheduler_type":"cosine"}}"""), sent());
    }

    @Test
    void words_after_two_dashes_are_the_jobs_own_command() {
        server.answer(CREATE, 201, Examples.job("queued"));
        var seen = Typed.at(server).run("submit", "--name", "hello", "--", "python", "--help", "-c", "print(42)");
        assertEquals(0, seen.code(), seen.err());
        assertEquals(
                Json.read("{\"name\":\"hello\",\"framework\":\"custom\","
                        + "\"container\":{\"command\":[\"python\",\"--help\",\"-c\",\"print(42)\"]}}"),
                sent());
    }

    @Test
    void a_secret_whose_variable_is_unset_is_said_before_anything_is_sent() {
        var seen = Typed.at(server).run("submit", "--name", "x", "--secret", "HF_TOKEN=NOT_SET");
        assertEquals(2, seen.code());
        assertTrue(seen.err().contains("NOT_SET is not set"), seen.err());
        assertTrue(server.requests(CREATE).isEmpty());
    }

    @Test
    void an_extra_that_begins_like_json_has_to_be_json() {
        var seen = Typed.at(server).run("submit", "--extra", "peft={\"r\":");
        assertEquals(2, seen.code());
        assertTrue(seen.err().contains("--extra peft: this is not JSON"), seen.err());
    }

    @Test
    void a_lost_connection_is_repeated_under_the_same_key() throws IOException {
        server.drop(CREATE).drop(CREATE).answer(CREATE, 200, Examples.job("queued"));
        var seen = Typed.at(server).run("submit", file("{\"name\":\"tiny\"}"));
        assertEquals(0, seen.code(), seen.err());
        var requests = server.requests(CREATE);
        assertTrue(requests.size() >= 3, () -> requests.size() + " requests");
        assertFalse(requests.getFirst().header("Idempotency-key").isEmpty());
        assertEquals(
                1,
                requests.stream()
                        .map(request -> request.header("Idempotency-key"))
                        .distinct()
                        .count());
    }

    @Test
    void patience_with_lost_connections_ends() throws IOException {
        server.drop(CREATE);
        var seen = Typed.at(server).givingUpAfter(Duration.ofMillis(30)).run("submit", file("{\"name\":\"tiny\"}"));
        assertEquals(3, seen.code());
        assertTrue(seen.err().contains("was lost"), seen.err());
    }

    @Test
    void a_key_of_ones_own_is_used_and_a_repetition_is_said() throws IOException {
        server.answer(CREATE, 200, Examples.job("running"));
        var seen = Typed.at(server).run("submit", file("{\"name\":\"tiny\"}"), "--idempotency-key", "nightly-7");
        assertEquals("nightly-7", server.requests(CREATE).getFirst().header("Idempotency-key"));
        assertTrue(seen.err().contains("submitted before"), seen.err());
        assertEquals(ID + "\n", seen.out());
    }

    @Test
    void refused_fields_are_named_with_their_values() throws IOException {
        server.problem(CREATE, 422, "2 fields are not valid", """
                [{"field":"hyperparameters.epochs","value":"0","message":"must be at least 1"},
                {"field":"gpu","value":"","message":"unknown field; did you mean resources.gpus?"}]""");
        var seen = Typed.at(server).run("submit", file("{\"name\":\"tiny\"}"));
        assertEquals(2, seen.code());
        assertEquals("", seen.out());
        assertEquals("""
                The request is not valid.
                  hyperparameters.epochs = 0: must be at least 1
                  gpu: unknown field; did you mean resources.gpus?
                """, seen.err());
    }

    @Test
    void a_dry_run_shows_objections_and_keeps_nothing() throws IOException {
        server.answer(CREATE, 200, """
                {"plan":{"backend":"kubernetes","objections":["needs 9 GPUs, the largest node has 8"],
                "warnings":["no checkpoints"],"manifest":"kind: Job"},"job":{}}""");
        var seen = Typed.at(server).run("submit", file("{\"name\":\"tiny\"}"), "--dry-run");
        assertEquals(2, seen.code());
        assertEquals("dry_run=true", server.requests(CREATE).getFirst().query());
        assertTrue(seen.out().contains("Objection: needs 9 GPUs"), seen.out());
        assertTrue(seen.out().contains("Warning: no checkpoints"), seen.out());
        assertTrue(seen.out().contains("kind: Job"), seen.out());
    }

    @Test
    void broken_json_in_the_file_is_located() throws IOException {
        var seen = Typed.at(server).run("submit", file("{\"name\": \"tiny\",\n \"model\" }"));
        assertEquals(2, seen.code());
        assertTrue(seen.err().contains("line 2"), seen.err());
    }

    @Test
    void a_missing_file_and_an_empty_request_are_usage() {
        assertEquals(2, Typed.at(server).run("submit", "nowhere.json").code());
        var seen = Typed.at(server).run("submit");
        assertEquals(2, seen.code());
        assertTrue(seen.err().contains("Nothing to submit"), seen.err());
    }

    @Test
    void following_ends_with_the_jobs_own_success_or_failure() throws IOException {
        server.answer(CREATE, 201, Examples.job("queued")).stream(
                        PATH + "/events", Examples.streamed(1, "failed", "killed"))
                .answer("GET " + PATH + "/metrics", "{\"series\":[]}")
                .answer("GET " + PATH, Examples.job("failed"));
        var seen = Typed.at(server).run("submit", file("{\"name\":\"tiny\"}"), "--follow");
        assertEquals(1, seen.code());
        assertTrue(seen.out().contains("tiny failed after 1m 23s"), seen.out());
        assertTrue(seen.out().contains("out_of_memory: the process was killed at 4.0 GiB"), seen.out());
    }

    @Test
    void a_request_of_the_trainer_contract_is_sent_as_it_is_and_found_by_its_own_id() throws IOException {
        String mine = Examples.job("queued")
                .replace("\"client_id\":null", "\"client_id\":\"demo 1\"")
                .replace("\"service\":\"\"", "\"service\":\"hf-unsloth\"");
        server.answer("POST /hf-unsloth/train", 200, "{\"job_id\":\"demo 1\",\"status\":\"submitted\"}")
                .answer(
                        "GET /api/v1/jobs",
                        "{\"jobs\":[%s],\"next_cursor\":\"c2\"}"
                                .formatted(Examples.job(Examples.OTHER, "x", "queued", "null")))
                .answer("GET /api/v1/jobs", "{\"jobs\":[%s],\"next_cursor\":null}".formatted(mine));
        var seen = Typed.at(server)
                .with("TRAINER_API_TOKEN", "t0ken")
                .run("submit", file("{\"job_id\":\"demo 1\"}"), "--contract", "trainer", "--service", "hf-unsloth");
        assertEquals(0, seen.code(), seen.err());
        assertEquals(ID + "\n", seen.out());
        assertEquals(
                "t0ken", server.requests("POST /hf-unsloth/train").getFirst().header("X-trainer-token"));
        assertTrue(server.requests("GET /api/v1/jobs").getLast().query().contains("cursor=c2"));
        assertTrue(server.requests("GET /api/v1/jobs").getLast().query().contains("contract=trainer"));
    }

    @Test
    void the_trainer_contracts_own_errors_are_readable() throws IOException {
        server.answer("POST /nemo/train", 422, """
                {"detail":[{"loc":["body","resources","gpus"],"msg":"value is not a valid integer","type":"x"}]}""")
                .answer("POST /meta/train", 400, "{\"detail\":\"Meta adapters need at least 2 GPUs\"}");
        String file = file("{\"job_id\":\"a\"}");
        var seen = Typed.at(server).run("submit", file, "--contract", "trainer", "--service", "nemo");
        assertEquals(2, seen.code());
        assertTrue(seen.err().contains("  resources.gpus: value is not a valid integer"), seen.err());
        seen = Typed.at(server).run("submit", file, "--contract", "trainer", "--service", "meta");
        assertEquals("Meta adapters need at least 2 GPUs.\n", seen.err());
    }

    @Test
    void options_of_a_job_do_not_fit_another_contract() throws IOException {
        String file = file("{\"job_id\":\"a\"}");
        var seen = Typed.at(server).run("submit", file, "--contract", "trainer", "--service", "nemo", "--epochs", "3");
        assertEquals(2, seen.code());
        assertTrue(seen.err().contains("sent as it is"), seen.err());
    }
}
