package io.trainyard.contract.trainer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.contract.trainer.Request.Reading;
import io.trainyard.wire.Details;
import io.trainyard.wire.Fields;
import io.trainyard.wire.Fields.Field;
import io.trainyard.wire.Fields.Kind;
import io.trainyard.wire.Fields.Need;
import io.trainyard.wire.Fields.Shape;
import io.trainyard.wire.Json;
import io.trainyard.wire.Problem;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Walks the table: each field gets each kind of wrong value, and the answer names the field and shows the value. Long by the table. */
class TrainerFieldsTest {
    /** A place in the full body that a wrong value is put into. */
    private record Place(List<Object> steps, Field field) {
        String pointer() {
            var text = new StringBuilder();
            for (Object step : steps) text.append('/').append(step);
            return text.toString();
        }

        JsonNode bodyWith(String json) {
            ObjectNode body = TrainerBodies.fullest();
            JsonNode parent = body.at(pointer().substring(0, pointer().lastIndexOf('/')));
            JsonNode value = Json.MAPPER.readTree(json);
            Object last = steps.getLast();
            if (parent instanceof ArrayNode list && last instanceof Integer index) list.set(index, value);
            else ((ObjectNode) parent).set(String.valueOf(last), value);
            return body;
        }

        JsonNode bodyWithout() {
            ObjectNode body = TrainerBodies.fullest();
            JsonNode parent = body.at(pointer().substring(0, pointer().lastIndexOf('/')));
            ((ObjectNode) parent).remove(String.valueOf(steps.getLast()));
            return body;
        }
    }

    private static List<Place> places(Shape shape, List<Object> above) {
        var places = new ArrayList<Place>();
        for (Field field : shape.fields()) {
            var steps = new ArrayList<>(above);
            steps.add(field.name());
            places.add(new Place(steps, field));
            switch (field.kind()) {
                case Fields.One one -> places.addAll(places(one.shape(), steps));
                case Fields.Many many -> {
                    var first = new ArrayList<>(steps);
                    first.add(0);
                    if (many.item() instanceof Fields.One one) places.addAll(places(one.shape(), first));
                    else
                        places.add(new Place(
                                first, new Field("0", many.item(), Need.REQUIRED, field.standard(), field.secret())));
                }
                case Fields.Text _,
                        Fields.Whole _,
                        Fields.Decimal _,
                        Fields.Flag _,
                        Fields.Choice _,
                        Fields.Url _,
                        Fields.Named _,
                        Fields.Free _ -> {}
            }
        }
        return places;
    }

    private static List<String> wrong(Kind kind) {
        return switch (kind) {
            case Fields.Text text ->
                text.minLength() == 0
                        ? List.of("true", "[]", "{}", "NaN", "\"\\u0000\"", "\"\\ud800\"")
                        : List.of("\"\"", "true", "[1]", "{}", "1e999", "\"x\\udc00\"");
            case Fields.Whole whole ->
                List.of(
                        "1.5",
                        "true",
                        "\"x\"",
                        "\"1.5\"",
                        "\"\"",
                        "[]",
                        "{}",
                        "NaN",
                        "Infinity",
                        "-Infinity",
                        "1e999",
                        "1e300",
                        "2147483648",
                        "\"2147483648\"",
                        "99999999999999999999999999",
                        String.valueOf(whole.min() - 1),
                        "\"" + (whole.min() - 1) + "\"",
                        "-99999999999999999999999999");
            case Fields.Decimal number -> {
                var wrong = new ArrayList<>(List.of(
                        "true",
                        "\"x\"",
                        "\"\"",
                        "[]",
                        "{}",
                        "NaN",
                        "Infinity",
                        "-Infinity",
                        "1e999",
                        "\"nan\"",
                        "\"Infinity\"",
                        "\"0x1p3\"",
                        "\"1d\"",
                        "-1",
                        "\"-0.5\"",
                        "-1e300"));
                if (number.open()) wrong.addAll(List.of("0", "0.0", "\"0\""));
                if (number.max() == 1) wrong.addAll(List.of("1.0001", "2", "1e300", "\"7\""));
                yield wrong;
            }
            case Fields.Flag _ -> List.of("2", "\"perhaps\"", "1.5", "[]", "{}", "NaN", "\"\"");
            case Fields.Choice _ -> List.of("\"nonsense\"", "\"\"", "1", "true", "[]", "{}", "NaN", "\"LORA\"");
            case Fields.Url _ ->
                List.of(
                        "\"\"",
                        "\"nonsense\"",
                        "\"ftp://host/x\"",
                        "\"http://\"",
                        "\"http:///path\"",
                        "\"http://ho st/x\"",
                        "\"http://host:99999/x\"",
                        "\"http://host:x/\"",
                        "\"http://[::1\"",
                        "\"javascript:alert(1)\"",
                        "\"http://" + "a".repeat(3000) + "\"",
                        "1",
                        "true",
                        "[]",
                        "{}");
            case Fields.Many _ -> List.of("\"text\"", "1", "true", "{}", "[null]", "[[]]", "NaN");
            case Fields.Named _ -> List.of("\"text\"", "1", "true", "[]", "{\"a\": null}", "NaN");
            case Fields.One _ -> List.of("\"text\"", "1", "true", "[]", "[{}]", "NaN");
            case Fields.Free _ -> List.of("\"text\"", "1", "true", "[]", "{\"a\": NaN}", "{\"a\": {\"b\": [1e999]}}");
        };
    }

    private static List<Object> below(List<Problem> problems, List<Object> steps) {
        var found = new ArrayList<Object>();
        for (Problem problem : problems) {
            JsonNode answer = Json.MAPPER
                    .readTree(Details.problems("body", List.of(problem)))
                    .get("detail")
                    .get(0);
            var place = new ArrayList<Object>();
            for (JsonNode step : answer.get("loc"))
                place.add(step.isInt() ? (Object) step.intValue() : step.stringValue());
            assertEquals("body", place.removeFirst());
            boolean inside = place.size() >= steps.size()
                    && place.subList(0, steps.size()).equals(steps);
            if (inside) found.add(answer);
        }
        return found;
    }

    @TestFactory
    Stream<DynamicTest> F15_each_wrong_value_is_refused_by_the_name_of_its_field() {
        return places(Tables.REQUEST, List.of()).stream()
                .map(place -> DynamicTest.dynamicTest(place.pointer(), () -> {
                    for (String value : wrong(place.field().kind())) {
                        JsonNode body = place.bodyWith(value);
                        Reading reading = TrainerBodies.read(body);
                        var wrong = assertInstanceOf(Reading.Wrong.class, reading, place.pointer() + " = " + value);
                        assertFalse(below(wrong.problems(), place.steps()).isEmpty(), place.pointer() + " = " + value);
                    }
                }));
    }

    @TestFactory
    Stream<DynamicTest> null_and_absence_are_taken_or_refused_as_the_table_says() {
        return places(Tables.REQUEST, List.of()).stream()
                .filter(place -> place.steps().getLast() instanceof String)
                .map(place -> DynamicTest.dynamicTest(place.pointer(), () -> {
                    boolean takesNull = place.field().need() == Need.OPTIONAL;
                    assertEquals(takesNull, isGood(TrainerBodies.read(place.bodyWith("null"))), "null");
                    boolean mayBeAbsent = place.field().need() != Need.REQUIRED;
                    assertEquals(mayBeAbsent, isGood(TrainerBodies.read(place.bodyWithout())), "absent");
                }));
    }

    private static boolean isGood(Reading reading) {
        return reading instanceof Reading.Good;
    }

    @Test
    void the_full_body_has_a_value_for_every_field() {
        for (Place place : places(Tables.REQUEST, List.of())) {
            JsonNode value = TrainerBodies.fullest().at(place.pointer());
            assertFalse(value.isMissingNode() || value.isNull(), place.pointer());
        }
        assertTrue(isGood(TrainerBodies.read(TrainerBodies.fullest())));
    }

    @Test
    void everything_wrong_with_a_body_is_said_at_once() {
        JsonNode body = Json.MAPPER.readTree("""
            {"job_id": "", "base_model": {"provider": "openai", "auth_token": ["tok-1"]},
             "datasets": [{"source": "s", "format": "xml"}], "customization": {"lora": {"rank": 0}},
             "resources": {"gpus": 1.5, "cpus": true}, "artifacts": {"log_uri": 1},
             "callbacks": {"webhook_url": "s3://b/k", "auth_header": {"a": "hush"}}}
            """);
        var wrong = assertInstanceOf(Reading.Wrong.class, TrainerBodies.read(body));
        String text = new String(Details.problems("body", wrong.problems()), StandardCharsets.UTF_8);
        JsonNode expected = Json.MAPPER.readTree("""
            {"detail":[
             {"loc":["body","job_id"],"msg":"ensure this value has at least 1 characters","type":"value_error.any_str.min_length","input":"","ctx":{"limit_value":1}},
             {"loc":["body","base_model","provider"],"msg":"unexpected value; permitted: 'nemo', 'meta', 'huggingface', 'bim', 'custom', 'nemotron', 'mistral', 'tii'","type":"value_error.const","input":"openai","ctx":{"permitted":["nemo","meta","huggingface","bim","custom","nemotron","mistral","tii"]}},
             {"loc":["body","base_model","model_name"],"msg":"field required","type":"value_error.missing"},
             {"loc":["body","base_model","auth_token"],"msg":"str type expected","type":"type_error.str","input":"********"},
             {"loc":["body","datasets",0,"format"],"msg":"unexpected value; permitted: 'jsonl', 'parquet', 'csv', 'hf', 'nemo'","type":"value_error.const","input":"xml","ctx":{"permitted":["jsonl","parquet","csv","hf","nemo"]}},
             {"loc":["body","customization","lora","rank"],"msg":"ensure this value is greater than or equal to 1","type":"value_error.number.not_ge","input":0,"ctx":{"limit_value":1}},
             {"loc":["body","resources","gpus"],"msg":"value is not a valid integer","type":"type_error.integer","input":1.5},
             {"loc":["body","resources","cpus"],"msg":"value is not a valid integer","type":"type_error.integer","input":true},
             {"loc":["body","artifacts","output_uri"],"msg":"field required","type":"value_error.missing"},
             {"loc":["body","callbacks","webhook_url"],"msg":"URL scheme not permitted","type":"value_error.url.scheme","input":"s3://b/k","ctx":{"allowed_schemes":["http","https"]}},
             {"loc":["body","callbacks","auth_header"],"msg":"str type expected","type":"type_error.str","input":"********"}]}
            """);
        assertEquals(expected.toPrettyString(), Json.MAPPER.readTree(text).toPrettyString());
    }

    @Test
    void what_loses_nothing_is_read_as_it_was_meant() {
        JsonNode body = Json.MAPPER.readTree("""
            {"job_id": 12345, "base_model": {"provider": "huggingface", "model_name": 7.5, "revision": null},
             "datasets": [], "customization": {"gradient_checkpointing": "No", "rank": "8"},
             "resources": {"gpus": " 2 ", "cpus": 8.0, "memory_gb": "+64"}, "artifacts": {"log_uri": "", "output_uri": ""},
             "tuning_parameters": {"learning_rate": "1e-4", "batch_size": "8", "warmup_ratio": 0}}
            """);
        ObjectNode read = assertInstanceOf(Reading.Good.class, TrainerBodies.read(body))
                .request()
                .body();
        assertEquals("12345", read.get("job_id").stringValue());
        assertEquals("7.5", read.at("/base_model/model_name").stringValue());
        assertFalse(read.at("/customization/gradient_checkpointing").booleanValue());
        assertEquals(8, read.at("/customization/lora/rank").intValue());
        assertEquals(2, read.at("/resources/gpus").intValue());
        assertEquals(8, read.at("/resources/cpus").intValue());
        assertEquals(64, read.at("/resources/memory_gb").intValue());
        assertEquals(1e-4, read.at("/tuning_parameters/learning_rate").doubleValue());
        assertEquals(8, read.at("/tuning_parameters/batch_size").intValue());
    }

    @Test
    void F15_unknown_fields_anywhere_are_named_in_a_warning() {
        ObjectNode body = TrainerBodies.fullest();
        body.put("jobid", "x");
        ((ObjectNode) body.get("base_model")).put("modelname", "x");
        ((ObjectNode) body.at("/datasets/0/auth")).put("tokn", "x");
        ((ObjectNode) body.get("extra_parameters")).put("num_node", 2);
        ((ObjectNode) body.at("/extra_parameters/unsloth")).put("quant", 2);
        List<String> warnings = assertInstanceOf(Reading.Good.class, TrainerBodies.read(body))
                .request()
                .warnings();
        for (String path : List.of(
                "jobid",
                "base_model.modelname",
                "datasets[0].auth.tokn",
                "extra_parameters.num_node",
                "extra_parameters.unsloth.quant"))
            assertTrue(warnings.stream().anyMatch(each -> each.startsWith(path + ": unknown field")), path);
    }

    @Test
    void hosts_need_no_top_level_domain_and_weights_may_lie_in_a_bucket() {
        for (String url : List.of(
                "http://localhost:4000/x",
                "http://studio:4000",
                "https://a.b.example/x?y#z",
                "http://[::1]:80/",
                "http://user:word@host/x",
                "HTTP://HOST")) {
            assertTrue(
                    isGood(TrainerBodies.read(TrainerBodies.with(
                            body -> body.putObject("callbacks").put("webhook_url", url)))),
                    url);
        }
        for (String url : List.of("s3://bucket/weights", "gs://bucket/weights", "https://host/weights")) {
            assertTrue(
                    isGood(TrainerBodies.read(
                            TrainerBodies.with(body -> ((ObjectNode) body.get("base_model")).put("weights_url", url)))),
                    url);
        }
    }
}
