package io.trainyard.contract.unified;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.contract.unified.Request.Reading;
import io.trainyard.spec.Container.Variable;
import io.trainyard.wire.Details;
import io.trainyard.wire.Json;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

class UnifiedFieldsTest {
    @ParameterizedTest
    @ValueSource(strings = {"framework", "model_id", "run_id", "checkpoint_base_uri", "dataset_uri"})
    void each_required_field_is_missed_by_name(String field) {
        assertEquals(List.of(field), UnifiedBodies.faults(UnifiedBodies.with(body -> body.remove(field))));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "framework | 'HF' | framework",
                "framework | 'tensorflow' | framework",
                "model_id | '' | model_id",
                "model_id | true | model_id",
                "image | null | image",
                "num_nodes | 0 | num_nodes",
                "num_nodes | 1.5 | num_nodes",
                "num_nodes | true | num_nodes",
                "gpus_per_node | 0 | gpus_per_node",
                "cpus_per_node | 'many' | cpus_per_node",
                "memory_per_node_gb | -1 | memory_per_node_gb",
                "namespace | 'Ümlaut' | namespace",
                "resume_from_checkpoint | 2 | resume_from_checkpoint",
                "extra_args | [] | extra_args",
                "env | {'A': null} | env.A",
                "env | {'A': {}} | env.A",
                "env | {'A=B': 'x'} | env.A=B",
                "env | {'': 'x'} | env",
                "labels | {'a': null} | labels.a",
                "labels | {'a': ['b']} | labels.a",
                "annotations | {'a': {'b': 1}} | annotations.a",
                "checkpoint_base_uri | 1 | checkpoint_base_uri",
                "dataset_uri | ['s3://x'] | dataset_uri"
            })
    void a_wrong_value_is_refused_by_its_place(String field, String value, String place) {
        List<String> faults = UnifiedBodies.faults(UnifiedBodies.with(field, value.replace('\'', '"')));
        assertTrue(faults.stream().anyMatch(fault -> fault.startsWith(place)), () -> faults.toString());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "num_nodes | '2' | 2",
                "num_nodes | 2.0 | 2",
                "resume_from_checkpoint | 'yes' | true",
                "model_id | 7 | '7'",
                "env | {'A': 1, 'B': 'x'} | {'A': '1', 'B': 'x'}",
                "labels | {'a': 7} | {'a': '7'}",
                "checkpoint_base_uri | 'gs://bucket/x///' | 'gs://bucket/x'",
                "checkpoint_base_uri | '/data/runs/' | '/data/runs'",
                "dataset_uri | 'file:///data/rows.jsonl' | 'file:///data/rows.jsonl'"
            })
    void what_loses_nothing_is_read_as_it_was_meant(String field, String given, String read) {
        Request request = UnifiedBodies.good(UnifiedBodies.with(field, given.replace('\'', '"')));
        assertEquals(
                Json.MAPPER.readTree(read.replace('\'', '"')), request.body().get(field));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "run_id | 'my run'",
                "run_id | 'ünï'",
                "run_id | '../..'",
                "run_id | 'a/b'",
                "run_id | '" + "x64" + "'",
                "job_name | 'Caps'",
                "job_name | 'has_underscore'",
                "job_name | '-dash'",
                "job_name | 'x300'",
                "labels | {'a': 'two words'}",
                "labels | {'-': 'b'}",
                "labels | {'a/b/c': 'd'}",
                "annotations | {'two words': 'x'}"
            })
    void F22_a_name_or_label_that_a_cluster_refuses_is_refused_by_its_field(String field, String value) {
        String json = value.replace("x64", "x".repeat(64))
                .replace("x300", "x".repeat(300))
                .replace('\'', '"');
        List<String> faults = UnifiedBodies.faults(UnifiedBodies.with(field, json));
        assertEquals(1, faults.size());
        assertTrue(faults.getFirst().startsWith(field), () -> faults.toString());
    }

    @Test
    void F22_annotations_larger_than_a_cluster_takes_are_refused() {
        var large = UnifiedBodies.with(body -> body.putObject("annotations").put("note", "x".repeat(300_000)));
        assertEquals(List.of("annotations"), UnifiedBodies.faults(large));
        var fits = UnifiedBodies.with(body -> body.putObject("annotations").put("note", "x".repeat(200_000)));
        assertEquals(List.of(), UnifiedBodies.faults(fits));
    }

    @ParameterizedTest
    @ValueSource(strings = {"1000000000000", "10001", "1e999", "NaN"})
    void F25_no_cluster_has_so_many_nodes(String nodes) {
        assertEquals(List.of("num_nodes"), UnifiedBodies.faults(UnifiedBodies.with("num_nodes", nodes)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "/", "///", "   ", "s3://", "s3:", "gs:///"})
    void F25_a_uri_that_names_no_place_is_refused(String uri) {
        for (String field : List.of("checkpoint_base_uri", "dataset_uri"))
            assertEquals(List.of(field), UnifiedBodies.faults(UnifiedBodies.with(body -> body.put(field, uri))));
    }

    @Test
    void F26_a_bucket_of_google_reaches_the_job_as_it_was_named() {
        JsonNode body = UnifiedBodies.with("checkpoint_base_uri", "\"gs://bucket/runs/\"");
        var artifacts = UnifiedBodies.wanted(body).spec().artifacts();
        assertEquals(
                "gs://bucket/runs/demo-1/framework=hf/checkpoints",
                artifacts.checkpoints().uri().orElseThrow());
        assertEquals(
                "gs://bucket/runs/demo-1/framework=hf/checkpoints/full-run",
                artifacts.outputUri().orElseThrow());
    }

    @Test
    void F27_a_number_that_is_none_is_refused_where_it_stands() {
        assertEquals(List.of("extra_args.lr"), UnifiedBodies.faults(UnifiedBodies.with("extra_args", "{\"lr\": NaN}")));
    }

    @Test
    void F27_a_variable_that_is_named_twice_stands_once_with_the_clients_value() {
        JsonNode body = UnifiedBodies.with("env", "{\"FRAMEWORK\": \"meta\", \"A\": \"b\"}");
        var wanted = UnifiedBodies.wanted(body);
        var names = wanted.spec().container().environment().stream()
                .map(Variable::name)
                .toList();
        assertEquals(names.size(), names.stream().distinct().count());
        assertEquals(0, names.indexOf("FRAMEWORK"));
        assertEquals(
                new Variable.Plain("FRAMEWORK", "meta"),
                wanted.spec().container().environment().getFirst());
        assertEquals("meta", wanted.spec().container().arguments().get(2));
        assertEquals(List.of("env.FRAMEWORK: replaces the one this service sets"), wanted.warnings());
    }

    @Test
    void unknown_fields_are_named_in_a_warning() {
        assertEquals(
                List.of("num_node: unknown field, ignored"),
                UnifiedBodies.good(UnifiedBodies.with("num_node", "2")).warnings());
    }

    @Test
    void secrets_are_set_aside_and_shown_nowhere() {
        ObjectNode body = UnifiedBodies.with(each -> {
            each.putObject("env")
                    .put("HF_TOKEN", "canary-hf-0001")
                    .put("AWS_SECRET_ACCESS_KEY", "canary-aws-0002")
                    .put("COPY", "a canary-hf-0001 b");
            each.putObject("extra_args")
                    .put("api_key", "canary-key-0003")
                    .put("lr", 0.1)
                    .putObject("hub")
                    .put("token", "canary-hub-0004");
            each.putObject("annotations").put("password", "canary-note-0005").put("why", "uses canary-hf-0001");
        });
        var wanted = UnifiedBodies.wanted(body);
        String shown = wanted.request() + wanted.spec() + wanted.warnings();
        assertFalse(shown.contains("canary"), shown);
        assertEquals(
                List.of("canary-aws-0002", "canary-hf-0001", "canary-hub-0004", "canary-key-0003", "canary-note-0005"),
                wanted.secrets().values().stream()
                        .filter(value -> value.startsWith("canary"))
                        .sorted()
                        .collect(Collectors.toList()));
        assertTrue(wanted.secrets().containsValue("a canary-hf-0001 b"));
    }

    @Test
    void a_refusal_repeats_no_secret() {
        JsonNode body = UnifiedBodies.with("env", "{\"HF_TOKEN\": [\"canary-0006\"], \"A\": 1}");
        var wrong = (Reading.Wrong) UnifiedBodies.read(body);
        String text = new String(Details.problems("body", wrong.problems()), StandardCharsets.UTF_8);
        assertFalse(text.contains("canary"), text);
    }
}
