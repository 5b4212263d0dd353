package io.trainyard.contract.trainer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.admission.Wanted;
import io.trainyard.contract.trainer.Request.Reading;
import io.trainyard.spec.Container.Variable;
import io.trainyard.spec.Resources;
import io.trainyard.wire.Json;
import java.io.ByteArrayOutputStream;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

class TrainerExtrasTest {
    private static ObjectNode bodyWith(String name, String json) {
        ObjectNode body = TrainerBodies.smallest();
        body.putObject("extra_parameters").set(name, Json.MAPPER.readTree(json));
        return body;
    }

    private static ObjectNode fourGpus(ObjectNode body) {
        body.putObject("resources").put("gpus", 4);
        return body;
    }

    @TestFactory
    Stream<DynamicTest> F13_each_wrong_parameter_is_refused_by_its_name() {
        var wrong = List.of(
                List.of("container_image", "[]", "{}", "true", "\"\""),
                List.of("num_nodes", "null", "[]", "{}", "1.5", "true", "1e999", "NaN", "1000000000000"),
                List.of("num_proc_per_node", "null", "[1]", "0.5", "false", "1e999", "99999999999"),
                List.of(
                        "resources_per_node",
                        "\"x\"",
                        "1",
                        "[]",
                        "{\"limits\": 1}",
                        "{\"limits\": {\"cpu\": \"x\"}}",
                        "{\"limits\": {\"memory\": \"1e\"}}",
                        "{\"requests\": {\"nvidia.com/gpu\": [1]}}",
                        "{\"limits\": {\"memory\": \"999999999999P\"}}"),
                List.of("runtime_ref", "\"nemo\"", "1", "[]", "{\"name\": []}", "{\"kind\": \"\"}"),
                List.of("trainer_command", "1", "true", "{}", "[[]]", "[{}]"),
                List.of("command", "1.5", "false", "{}", "[[1]]"),
                List.of("trainer_args", "7", "true", "{}", "[{}]"),
                List.of(
                        "trainer_env",
                        "\"A=b\"",
                        "1",
                        "true",
                        "[\"A=b\"]",
                        "[1]",
                        "{\"A\": {}}",
                        "{\"A\": []}",
                        "{\"\": \"x\"}",
                        "{\"A=B\": \"x\"}",
                        "[{\"name\": \"A\", \"value\": {}}]"),
                List.of(
                        "job_labels",
                        "\"a\"",
                        "[]",
                        "1",
                        "{\"a\": {}}",
                        "{\"a\": null}",
                        "{\"a\": \"b c\"}",
                        "{\"a\": \"ü\"}",
                        "{\"a b\": \"c\"}",
                        "{\"\": \"c\"}",
                        "{\"-a/b\": \"c\"}",
                        "{\"a/b/c\": \"d\"}",
                        "{\"a\": \"" + "x".repeat(64) + "\"}"),
                List.of("job_annotations", "\"a\"", "[]", "{\"a\": []}", "{\"a b\": \"c\"}"),
                List.of(
                        "unsloth",
                        "\"fast\"",
                        "1",
                        "[]",
                        "{\"gradient_accumulation\": 0}",
                        "{\"optimize_long_context\": 7}",
                        "{\"quantization\": []}"),
                List.of(
                        "trainer",
                        "\"x\"",
                        "[]",
                        "{\"seed\": -1}",
                        "{\"seed\": \"x\"}",
                        "{\"max_steps\": 0}",
                        "{\"checkpoint_every_steps\": 1.5}",
                        "{\"hub_token\": \"x\"}"));
        return wrong.stream()
                .map(row -> DynamicTest.dynamicTest(row.getFirst(), () -> {
                    for (String value : row.subList(1, row.size())) {
                        Reading reading = TrainerBodies.read(bodyWith(row.getFirst(), value));
                        var problems = assertInstanceOf(Reading.Wrong.class, reading, row.getFirst() + " = " + value);
                        assertTrue(
                                problems.problems().stream()
                                        .anyMatch(each -> each.where()
                                                .toString()
                                                .startsWith("extra_parameters." + row.getFirst())),
                                value);
                    }
                }));
    }

    @Test
    void what_was_always_a_bad_request_stays_one_in_its_words() {
        for (var row : List.of(
                List.of(
                        "num_nodes",
                        "\"abc\"",
                        "extra_parameters.num_nodes: invalid literal for int() with base 10: 'abc'"),
                List.of("trainer_args", "\"a 'b\"", "extra_parameters.trainer_args: No closing quotation"),
                List.of("command", "\"a \\\"b\"", "extra_parameters.command: No closing quotation"))) {
            var refused = assertInstanceOf(
                    Reading.Refused.class, TrainerBodies.read(bodyWith(row.get(0), row.get(1))), row.get(0));
            assertEquals(row.get(2), refused.text());
        }
    }

    @Test
    void commands_are_split_as_a_shell_would_and_never_run_by_one() {
        var wanted = TrainerBodies.wanted(
                bodyWith("trainer_command", "\"python -c 'print(\\\"a b\\\")' a\\\\ b \\\"c $HOME\\\"\""));
        assertEquals(
                List.of("python", "-c", "print(\"a b\")", "a b", "c $HOME"),
                wanted.spec().container().command());
        wanted = TrainerBodies.wanted(bodyWith("trainer_args", "[\"--x\", 1, 2.5, true, null]"));
        assertEquals(
                List.of("--x", "1", "2.5", "True"), wanted.spec().container().arguments());
        assertEquals(List.of("extra_parameters.trainer_args[4]: null, dropped"), wanted.warnings());
    }

    @Test
    void variables_come_as_an_object_or_a_list_and_override_in_place() {
        var asList = TrainerBodies.wanted(
                bodyWith(
                        "trainer_env",
                        "[{\"name\": \"TRAINING_BACKEND\", \"value\": \"mine\"}, {\"value\": 1}, null, {\"name\": \"A\"}, {\"name\": \"B\", \"value\": 2}]"));
        var names = asList.spec().container().environment().stream()
                .map(Variable::name)
                .toList();
        assertEquals(List.of("TRAINING_JOB_ID", "TRAINING_BACKEND", "TRAINING_REQUEST_JSON"), names.subList(0, 3));
        assertEquals("B", names.getLast());
        assertEquals(
                new Variable.Plain("TRAINING_BACKEND", "mine"),
                asList.spec().container().environment().get(1));
        assertEquals(3, asList.warnings().size());
        var asObject =
                TrainerBodies.wanted(bodyWith("trainer_env", "{\"B\": 2, \"HF_TOKEN\": \"hush-hush\", \"C\": null}"));
        assertEquals(
                new Variable.Plain("B", "2"),
                asObject.spec().container().environment().get(10));
        assertInstanceOf(
                Variable.Secret.class, asObject.spec().container().environment().get(11));
    }

    @Test
    void a_variable_that_repeats_a_secret_is_one_itself() {
        ObjectNode body =
                bodyWith("trainer_env", "{\"REMOTE\": \"https://user:hub-token-1@host/x\", \"KEY\": \"first\"}");
        ((ObjectNode) body.get("base_model")).put("huggingface_token", "hub-token-1");
        ((ObjectNode) body.get("extra_parameters")).put("trainer_args", "--token hub-token-1");
        var wanted = TrainerBodies.wanted(body);
        assertTrue(wanted.spec().container().environment().stream()
                .anyMatch(each -> each instanceof Variable.Secret && each.name().equals("REMOTE")));
        assertTrue(wanted.warnings().getFirst().startsWith("extra_parameters.trainer_args: holds a secret"));
        assertTrue(!wanted.request().contains("hub-token-1"));
    }

    @Test
    void an_annotation_named_like_a_secret_is_not_shown() {
        var wanted =
                TrainerBodies.wanted(bodyWith("job_annotations", "{\"x/api-token\": \"s3cr3t\", \"note\": \"n\"}"));
        assertTrue(!wanted.request().contains("s3cr3t"));
        assertEquals("********", wanted.spec().annotations().get("x/api-token"));
        assertEquals("n", wanted.spec().annotations().get("note"));
    }

    @Test
    void nodes_processes_and_resources_follow_the_published_rules() {
        ObjectNode body = fourGpus(bodyWith("num_nodes", "3"));
        var wanted = TrainerBodies.wanted(body);
        assertEquals(
                new Resources(3, 4, Optional.empty(), 8, 64, Optional.of(2)),
                wanted.spec().resources());
        for (String low : List.of("0", "-3", "\"0\"")) {
            var one = TrainerBodies.wanted(bodyWith("num_nodes", low));
            assertEquals(1, one.spec().resources().nodes());
            assertEquals(1, one.warnings().size());
        }
        var replaced = TrainerBodies.wanted(bodyWith(
                "resources_per_node",
                "{\"limits\": {\"cpu\": \"1500m\", \"memory\": \"512Mi\", \"nvidia.com/gpu\": \"2\"}}"));
        assertEquals(
                new Resources(1, 2, Optional.empty(), 2, 1, Optional.of(1)),
                replaced.spec().resources());
        JsonNode shown = Json.MAPPER.readTree(replaced.request());
        assertEquals("512Mi", shown.at("/resourcesPerNode/limits/memory").stringValue());
    }

    @Test
    void an_image_that_is_null_stays_null() {
        var wanted = TrainerBodies.wanted(bodyWith("container_image", "null"));
        assertEquals(Optional.empty(), wanted.spec().container().image());
        assertTrue(shownTrainJob(wanted).at("/spec/trainer/image").isNull());
    }

    private static JsonNode shownTrainJob(Wanted wanted) {
        var bytes = new ByteArrayOutputStream();
        try (var out = Json.MAPPER.createGenerator(bytes)) {
            TrainJob.write(out, wanted.spec(), wanted.spec().name(), Json.MAPPER.readTree(wanted.request()));
        }
        return Json.MAPPER.readTree(bytes.toByteArray());
    }

    @Test
    void parameters_of_another_service_are_left_alone_with_a_warning() {
        var wanted = TrainerBodies.wanted(bodyWith("executor", "[]"));
        assertEquals(List.of("extra_parameters.executor: not used by this service"), wanted.warnings());
    }
}
