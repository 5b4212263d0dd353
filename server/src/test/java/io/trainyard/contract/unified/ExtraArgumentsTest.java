package io.trainyard.contract.unified;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.spec.Hyperparameters;
import io.trainyard.spec.Method;
import io.trainyard.wire.Json;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Flags as an array of words, and what is not made into a flag. */
class ExtraArgumentsTest {
    private static final List<String> KNOWN = List.of(
            "train.py",
            "--framework",
            "hf",
            "--run-id",
            "demo-1",
            "--checkpoint-base-uri",
            "s3://bucket/runs",
            "--checkpoint-prefix",
            "s3://bucket/runs/demo-1/framework=hf",
            "--dataset-uri",
            "s3://bucket/rows.jsonl",
            "--logs-uri",
            "s3://bucket/runs/demo-1/framework=hf/logs",
            "--config-uri",
            "s3://bucket/runs/demo-1/framework=hf/config",
            "--model-id",
            "org/tiny");

    private static JsonNode extra(String json) {
        return UnifiedBodies.with("extra_args", json);
    }

    private static List<String> words(String json) {
        List<String> all = UnifiedBodies.arguments(extra(json));
        assertEquals(KNOWN, all.subList(0, KNOWN.size()));
        return all.subList(KNOWN.size(), all.size());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "x; touch /tmp/owned",
                "x$(touch owned)",
                "x`id`",
                "x|y",
                "x y",
                "x\ny",
                "",
                "-x",
                "--x",
                "x=y",
                "ключ",
                "x\"y"
            })
    void F20_a_shell_key_is_refused(String key) {
        JsonNode body = UnifiedBodies.with(each -> each.putObject("extra_args").put(key, 1));
        assertEquals(1, UnifiedBodies.faults(body).size());
        assertTrue(UnifiedBodies.faults(body).getFirst().startsWith("extra_args"));
    }

    @Test
    void F20_a_shell_line_as_a_value_is_one_word() {
        assertEquals(
                List.of("--note", "a; touch /tmp/owned $(id) `id` 'x' \"y\""),
                words("{\"note\": \"a; touch /tmp/owned $(id) `id` 'x' \\\"y\\\"\"}"));
    }

    @Test
    void F21_blanks_in_a_value_make_no_further_arguments() {
        JsonNode body = UnifiedBodies.with(each -> {
            each.put("model_id", "a model --resume");
            each.put("config_path", "/etc/my config.json");
            each.put("dataset_uri", "/data/my rows.jsonl");
        });
        List<String> words = UnifiedBodies.arguments(body);
        assertEquals("a model --resume", words.get(words.indexOf("--model-id") + 1));
        assertEquals("/etc/my config.json", words.get(words.indexOf("--config") + 1));
        assertEquals("/data/my rows.jsonl", words.get(words.indexOf("--dataset-uri") + 1));
        assertEquals(-1, words.indexOf("--resume"));
    }

    @Test
    void F21_a_value_that_looks_like_a_flag_stays_a_value() {
        List<String> words = UnifiedBodies.arguments(UnifiedBodies.with("model_id", "\"--resume\""));
        assertTrue(words.contains("--model-id=--resume"), words.toString());
        assertEquals(List.of(), words("{\"note\": \"--model-id\", \"list\": [\"-h\"]}"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "run",
                "run_id",
                "run-id",
                "model",
                "m",
                "config",
                "conf",
                "resume",
                "framework",
                "dataset_uri",
                "extra_args_json",
                "check",
                "h",
                "help"
            })
    void F27_a_key_that_abbreviates_a_known_flag_is_refused(String key) {
        JsonNode body = UnifiedBodies.with(each -> each.putObject("extra_args").put(key, "x"));
        assertEquals(List.of("extra_args." + key), UnifiedBodies.faults(body));
    }

    @Test
    void F27_a_null_makes_no_flag_and_a_warning() {
        assertEquals(List.of("--list", "1"), words("{\"nothing\": null, \"list\": [null, 1]}"));
        assertEquals(
                List.of("extra_args.nothing: null: no flag is made of it"),
                UnifiedBodies.wanted(extra("{\"nothing\": null}")).warnings());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{'a_b_c': 1} | --a-b-c 1",
                "{'on': true} | --on",
                "{'off': false} |",
                "{'many': [1, 'b', true]} | --many 1 --many b --many True",
                "{'none': []} |",
                "{'lr': 0.00003} | --lr 3e-05",
                "{'lr': 5e-5} | --lr 5e-05",
                "{'x': 1e16} | --x 1e+16",
                "{'x': 123456789012345680.0} | --x 1.2345678901234568e+17",
                "{'x': 2.0} | --x 2.0",
                "{'x': -0.0} | --x -0.0",
                "{'x': -1.5} | --x -1.5",
                "{'x': 0.0001} | --x 0.0001",
                "{'x': 12345678901234567890} | --x 12345678901234567890"
            })
    void each_kind_of_value_becomes_the_words_it_always_did(String json, String words) {
        assertEquals(words == null ? List.of() : List.of(words.split(" ")), words(json.replace('\'', '"')));
    }

    @Test
    void an_object_is_one_word_as_python_prints_it() {
        assertEquals(
                List.of("--o", "{'a': 1, 'b': [True, None, 'it\\\\n'], \"it's\": {}, 'q\"': 'é\\x7f'}"), words("""
                    {"o": {"a": 1, "b": [true, null, "it\\\\n"], "it's": {}, "q\\"": "é\\u007f"}}"""));
    }

    @Test
    void the_json_is_as_python_dumps_it() {
        assertEquals(
                "{\"lr\": 3e-05, \"list\": [1, null, true], \"text\": \"\\u00e9\\ud83d\\ude82\\n\\\"\"}",
                PythonText.json(Json.MAPPER.readTree(
                        "{\"lr\": 0.00003, \"list\": [1, null, true], \"text\": \"é🚂\\n\\\"\"}")));
    }

    @Test
    void knobs_find_their_places_and_the_rest_goes_on() {
        var spec = UnifiedBodies.wanted(extra("""
                    {"batch_size": 4, "gradient_accumulation": 2, "num_epochs": "3", "lr": 1e-4, "max_seq_len": 64,
                     "save_steps": 7, "weight_decay": 0.1, "precision": "fp32", "seed": 5, "warmup_steps": 9,
                     "method": "lora", "lora_rank": 8}""")).spec();
        assertEquals(
                new Hyperparameters(
                        1e-4,
                        8,
                        java.util.Optional.of(4),
                        3,
                        java.util.Optional.empty(),
                        0,
                        64,
                        0.1,
                        java.util.Optional.of(5)),
                spec.hyperparameters());
        assertEquals(7, spec.artifacts().checkpoints().everySteps().orElseThrow());
        assertEquals(Method.Precision.FP32, spec.method().precision());
        assertEquals(8, spec.method().lora().orElseThrow().rank());
        assertEquals(Map.of("warmup_steps", 9), spec.extra().values());
    }

    @Test
    void a_knob_of_another_type_keeps_its_default_and_says_so() {
        var wanted = UnifiedBodies.wanted(extra("{\"lr\": \"fast\", \"num_epochs\": 0}"));
        assertEquals(5e-5, wanted.spec().hyperparameters().learningRate());
        assertEquals(
                Map.of("lr", "fast", "num_epochs", 0), wanted.spec().extra().values());
        assertEquals(
                List.of(
                        "extra_args.lr: not a number of its range, only handed on to the trainer",
                        "extra_args.num_epochs: not a whole number of its range, only handed on to the trainer"),
                wanted.warnings().stream().sorted().toList());
    }

    @Test
    void arguments_longer_than_a_process_takes_are_refused() {
        JsonNode body = UnifiedBodies.with(each -> each.putObject("extra_args").put("note", "x".repeat(130_000)));
        assertEquals(List.of("extra_args"), UnifiedBodies.faults(body));
    }
}
