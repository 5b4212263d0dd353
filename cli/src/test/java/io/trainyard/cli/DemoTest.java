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
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The demo with a server that answers as documented and a Python that answers as the trainer's demo module does. */
class DemoTest {
    private final FakeServer server = new FakeServer();

    @TempDir
    private Path folder = Path.of("");

    @BeforeEach
    void lay() throws IOException {
        Files.createDirectories(folder.resolve("trainer/examples"));
        Files.writeString(folder.resolve("trainer/examples/demo.json"), """
                {"base":{"run_id":"x","method":{"kind":"full","precision":"fp32"},
                 "hyperparameters":{"learning_rate":0.004,"epochs":1,"max_steps":150,"seed":1},
                 "checkpoints":{"uri":"base/checkpoints","every_steps":50},"extra":{"threads":1}},
                "adapter":{"method":{"kind":"lora","precision":"fp32","lora":{"rank":16}},
                 "hyperparameters":{"learning_rate":0.01,"batch_size":16,"epochs":4,"seed":1},
                 "checkpoints":{"every_steps":20},"extra":{"eval_file":"dispatch-heldout.jsonl"}}}""");
        server.answer("POST /api/v1/jobs", 201, Examples.job("queued")).stream(
                        PATH + "/events", Examples.streamed(1, "succeeded", "done"))
                .answer("GET " + PATH + "/metrics", Examples.losses("loss", 4, 3))
                .answer("GET " + PATH, Examples.job("succeeded", Examples.progress(100, 100, 3)))
                .answer("POST /hf-unsloth/train", 200, "{\"status\":\"submitted\"}");
    }

    @AfterEach
    void close() {
        server.close();
    }

    /** Answers the look-up with the client id that was sent, which is new in each run. */
    private void listed() {
        server.answer("GET /api/v1/jobs", () -> {
            String id = Json.text(
                    Json.read(
                            server.requests("POST /hf-unsloth/train").getLast().body()),
                    "job_id");
            return "{\"jobs\":[%s],\"next_cursor\":null}"
                    .formatted(Examples.job("queued")
                            .replace("\"client_id\":null", "\"client_id\":\"" + id + "\"")
                            .replace("\"service\":\"\"", "\"service\":\"hf-unsloth\""));
        });
    }

    private String python(String reportLine) throws IOException {
        Path script = folder.resolve("python");
        Files.writeString(script, """
                #!/bin/sh
                echo "$PYTHONPATH $*" >> '%s'
                echo "a remark" >&2
                case "$3" in
                  make-base) mkdir -p "$4" ;;
                  report) echo "Loading"; %s ;;
                esac
                """.formatted(folder.resolve("calls"), reportLine));
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
        return script.toString();
    }

    private static String report(double adapter) {
        return "echo '{\"base_loss\":4.0,\"adapter_loss\":%s,\"untrained_adapter_loss\":4.0,".formatted(adapter)
                + "\"generations\":[{\"prompt\":\"06:40\",\"before\":\"06:40 the the\",\"after\":\"06:40 North\"}]}'";
    }

    private Typed.Seen demo(String python, String... more) {
        var words = Stream.concat(
                Stream.of(
                        "demo",
                        "--python",
                        python,
                        "--trainer",
                        folder.resolve("trainer").toString(),
                        "--data",
                        folder.resolve("data").toString()),
                Stream.of(more));
        return Typed.at(server).run(words.toArray(String[]::new));
    }

    @Test
    void it_trains_a_base_and_an_adapter_and_shows_what_that_changed() throws IOException {
        listed();
        var seen = demo(python(report(3.0)));
        assertEquals(0, seen.code(), seen.err());
        assertTrue(seen.out().contains("adapter            3              -25.0 %"), seen.out());
        assertTrue(seen.out().contains("untrained adapter  4              +0.0 %"), seen.out());
        assertTrue(seen.out().contains("before  06:40 the the\nafter   06:40 North"), seen.out());
        List<String> calls = Files.readAllLines(folder.resolve("calls"));
        assertTrue(calls.getFirst().startsWith(folder.resolve("trainer") + " -m trainer.demo make-base "));
        assertTrue(calls.getLast().contains("report --base "), calls.toString());
        try (var left = Files.list(folder.resolve("data"))) {
            assertEquals(List.of(), left.toList());
        }
    }

    @Test
    void the_base_is_asked_for_in_our_words_and_the_adapter_in_those_of_hf_unsloth() throws IOException {
        listed();
        demo(python(report(3.0)));
        var base = Json.read(server.requests("POST /api/v1/jobs").getLast().body());
        assertEquals("hf", Json.text(base, "framework"));
        assertEquals(
                "{\"kind\":\"full\",\"precision\":\"fp32\"}",
                base.path("method").toString());
        assertEquals(150, base.path("hyperparameters").path("max_steps").asInt());
        String output = Json.text(base.path("outputs"), "uri");
        assertTrue(output.startsWith(folder.resolve("data/run-20261123-100000-").toString()), output);
        assertTrue(Json.text(base.path("datasets").path(0), "source").endsWith("trainer/examples/base.jsonl"));

        var adapter =
                Json.read(server.requests("POST /hf-unsloth/train").getLast().body());
        assertEquals(output, Json.text(adapter.path("base_model"), "model_name"));
        assertEquals("huggingface", Json.text(adapter.path("base_model"), "provider"));
        assertEquals(
                "{\"learning_rate\":0.01,\"batch_size\":16,\"num_epochs\":4}",
                adapter.path("tuning_parameters").toString());
        assertEquals(
                "{\"method\":\"lora\",\"precision\":\"fp32\",\"lora\":{\"rank\":16}}",
                adapter.path("customization").toString());
        var knobs = adapter.path("extra_parameters").path("trainer");
        assertEquals(20, knobs.path("checkpoint_every_steps").asInt());
        assertTrue(Json.text(knobs, "eval_file").endsWith("trainer/examples/dispatch-heldout.jsonl"));
        assertEquals(
                "{\"gpus\":1,\"cpus\":2,\"memory_gb\":4}",
                adapter.path("resources").toString());
    }

    @Test
    void an_adapter_that_learned_too_little_is_a_failure_and_its_files_stay() throws IOException {
        listed();
        var seen = demo(python(report(3.7)));
        assertEquals(1, seen.code());
        assertTrue(seen.err().contains("at least 10 % below the base's, and it is 7.5 % below"), seen.err());
        try (var left = Files.list(folder.resolve("data"))) {
            assertEquals(1, left.count());
        }
    }

    @Test
    void a_base_that_fails_ends_it_with_where_to_look() throws IOException {
        server.answer("GET " + PATH, Examples.job("failed"));
        try (var failing = new FakeServer()) {
            failing.answer("POST /api/v1/jobs", 201, Examples.job("queued")).stream(
                            PATH + "/events", Examples.streamed(1, "failed", "killed"))
                    .answer("GET " + PATH + "/metrics", "{\"series\":[]}")
                    .answer("GET " + PATH, Examples.job("failed"));
            var seen = Typed.at(failing)
                    .run(
                            "demo",
                            "--python",
                            python(report(3)),
                            "--trainer",
                            folder.resolve("trainer").toString(),
                            "--data",
                            folder.resolve("data").toString());
            assertEquals(1, seen.code());
            assertTrue(seen.err().contains("trainyard logs " + ID), seen.err());
            assertFalse(seen.out().contains("3 of 4"), seen.out());
        }
    }

    @Test
    void a_python_that_fails_shows_its_last_words() throws IOException {
        listed();
        var seen = demo(python("echo 'No module named torch' >&2; exit 1"));
        assertEquals(1, seen.code());
        assertTrue(seen.err().contains("ended with 1:\na remark\nNo module named torch"), seen.err());
        assertEquals(2, demo("/nowhere/python").code());
    }

    @Test
    void kept_files_are_named() throws IOException {
        listed();
        assertTrue(demo(python(report(3.0)), "--keep").err().contains("Models and outputs are in"));
    }
}
