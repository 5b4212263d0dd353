package io.trainyard.contract.trainyard;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.LiveServer;
import io.trainyard.LiveServer.Reply;
import io.trainyard.contract.trainyard.OpenApi.Field;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Takes the documented field table and sends what each field must refuse, and the last values it must accept. */
class CreateFieldsTest {
    private static final String HUGE = "1" + "0".repeat(400);
    private static LiveServer server;

    @BeforeAll
    static void start(@TempDir Path home) {
        server = LiveServer.start(home);
    }

    @AfterAll
    static void stop() {
        assertEquals(0, server.get("/api/v1/jobs").json().get("jobs").size(), "something was recorded");
        server.close();
    }

    /** JSON texts that this field must refuse. */
    private static List<String> wrong(Field field) {
        var wrong = new ArrayList<>(List.of("\"\\ud800\"", "{\"no such\":1}", "[[]]", HUGE, "-1e999", "1.5"));
        if (!field.is("boolean")) wrong.add("true");
        if (!field.is("string")) wrong.addAll(List.of("\"8\"", "\"\""));
        if (!field.is("array")) wrong.add("[]");
        if (!field.is("object")) wrong.add("{}");
        if (field.is("number")) wrong.removeAll(List.of("1.5"));
        if (field.is("integer")) wrong.addAll(List.of("2147483648", "-2147483649", "4294967297"));
        if (field.is("string")) wrong.addAll(texts(field));
        if (field.isWord())
            wrong.addAll(
                    List.of("\"\"", "\"no-such-word\"", "\"" + word(field).toUpperCase(java.util.Locale.ROOT) + "\""));
        if (!field.mayBeNull()) wrong.add("null");
        wrong.addAll(beyond(field));
        if (field.schema().has("maxItems"))
            wrong.add("[" + "\"a\",".repeat(field.schema().get("maxItems").intValue()) + "\"a\"]");
        if (field.is("object") && !field.schema().has("properties")) wrong.remove("{\"no such\":1}");
        if (field.is("object") && field.schema().has("maxProperties"))
            wrong.add(entries(field.schema().get("maxProperties").intValue() + 1));
        return wrong;
    }

    private static String word(Field field) {
        return field.schema().get("enum").get(0).stringValue();
    }

    private static List<String> texts(Field field) {
        var wrong = new ArrayList<String>();
        wrong.add("\"a\\u0000b\"");
        wrong.add("\"\\udc00x\"");
        wrong.add("\"" + "a".repeat(field.schema().get("maxLength").intValue() + 1) + "\"");
        if (field.schema().has("minLength")) wrong.add("\"\"");
        if (field.name().endsWith(".url"))
            wrong.addAll(List.of("\"ftp://a\"", "\"http:///x\"", "\"nothing\"", "\"https://a b\""));
        return wrong;
    }

    private static List<String> beyond(Field field) {
        var wrong = new ArrayList<String>();
        JsonNode schema = field.schema();
        boolean whole = field.is("integer");
        if (schema.has("minimum")) wrong.add(whole ? "" + (schema.get("minimum").longValue() - 1) : "-0.001");
        if (schema.has("exclusiveMinimum")) wrong.add("0");
        if (schema.has("maximum"))
            wrong.add(whole ? "" + (schema.get("maximum").longValue() + 1) : schema.get("maximum") + ".001");
        return wrong;
    }

    private static String entries(int count) {
        var body = LiveServer.JSON.createObjectNode();
        for (int i = 0; i < count; i++) body.put("E" + i, "v");
        return body.toString();
    }

    @Test
    void whatever_is_wrong_with_a_field_is_refused_naming_it_and_nothing_is_recorded() {
        var broken = new ArrayList<String>();
        int sent = 0;
        for (Field field : OpenApi.fields())
            for (String value : wrong(field)) {
                sent++;
                String body = body(field, value);
                Reply reply = server.create(body);
                if (!refused(reply, field, value))
                    broken.add(shortened(body) + " → " + reply.status() + shortened(reply.text()));
            }
        assertEquals(List.of(), broken);
        assertTrue(sent > 800, sent + " bodies");
    }

    private static String shortened(String text) {
        return text.substring(0, Math.min(text.length(), 300));
    }

    /** Put in as text: what is sent here is not always a value that a tree can hold. */
    private static String body(Field field, String value) {
        String hole = "the hole";
        return field.body(LiveServer.JSON.getNodeFactory().stringNode(hole))
                .toString()
                .replace("\"" + hole + "\"", value);
    }

    private static boolean refused(Reply reply, Field field, String value) {
        if (reply.status() != 422 || !reply.header("Content-Type").equals("application/problem+json")) return false;
        for (JsonNode error : reply.json().get("errors")) {
            String named = error.get("field").stringValue();
            String shown = error.get("value").stringValue();
            boolean inside = named.startsWith(field.name() + ".") || named.startsWith(field.name() + "[");
            if (inside) return true;
            if (named.equals(field.name()))
                return !shown.isEmpty() && (!field.isSecret() || shown.equals("********") || value.equals("[[]]"));
        }
        return false;
    }

    @Test
    void an_unknown_field_is_refused_in_every_object_and_named() {
        for (Field field : OpenApi.fields(field -> field.schema().has("properties"))) {
            var reply = server.create(body(field, "{\"no_such_field\":1}"));
            assertEquals(422, reply.status());
            assertTrue(reply.text().contains("\"" + field.name() + ".no_such_field\""), reply.text());
            for (String known : field.schema().get("properties").propertyNames())
                assertTrue(reply.text().contains(known), field.name() + " does not know " + known);
        }
    }

    @Test
    void a_required_field_is_missed_by_name() {
        for (Field field : OpenApi.fields(Field::required)) {
            var reply = server.create(field.without().toString());
            assertEquals(422, reply.status(), field.name());
            assertEquals(field.name(), reply.json().at("/errors/0/field").stringValue());
            assertEquals("", reply.json().at("/errors/0/value").stringValue());
        }
    }

    /** JSON texts that this field must accept: its limits themselves. */
    private static List<String> right(Field field) {
        var right = new ArrayList<String>();
        JsonNode schema = field.schema();
        if (field.mayBeNull() && !field.name().equals("model")) right.add("null");
        if (schema.has("minimum")) right.add(schema.get("minimum").toString());
        if (schema.has("maximum")) right.add(schema.get("maximum").toString());
        if (schema.has("maximum") && field.is("integer")) right.add(schema.get("maximum") + ".0");
        if (schema.has("exclusiveMinimum")) right.add("1e-300");
        if (field.isWord() && !field.name().equals("framework"))
            schema.get("enum").forEach(word -> right.add(word.toString()));
        if (field.is("boolean")) right.addAll(List.of("true", "false"));
        boolean free = !field.name().startsWith("webhooks[0].") && !field.name().startsWith("placement.backends");
        if (field.is("string") && free) {
            int most = schema.get("maxLength").intValue();
            right.addAll(List.of("\"" + "\ud83d\ude82".repeat(most) + "\"", "\"a b\\n\\t\\\"é\""));
        }
        if (field.is("array")) right.add("[]");
        if (field.is("object") && schema.has("maxProperties") && !field.name().equals("placement.containers"))
            right.add(entries(schema.get("maxProperties").intValue()));
        return right;
    }

    @Test
    void the_documented_limits_themselves_are_accepted() {
        var broken = new ArrayList<String>();
        int sent = 0;
        for (Field field : OpenApi.fields())
            for (String value : right(field)) {
                sent++;
                var reply = server.post("/api/v1/jobs?dry_run=true", body(field, value));
                if (reply.status() != 200)
                    broken.add(field.name() + " " + shortened(value) + " → " + shortened(reply.text()));
            }
        assertEquals(List.of(), broken);
        assertTrue(sent > 200, sent + " bodies");
    }

    @Test
    void a_body_that_is_no_object_or_no_json_is_a_problem() {
        var bodies = new LinkedHashMap<String, Integer>();
        bodies.put("", 422);
        bodies.put("[]", 422);
        bodies.put("null", 422);
        bodies.put("{\"name\":NaN}", 400);
        bodies.put("{\"name\":\"a\"", 400);
        bodies.put("{\"name\":\"a\",\"name\":\"b\"}", 400);
        bodies.put("{\"name\":\"a\"} more", 400);
        bodies.put("{\"extra\":{\"\\ud800\":1}}", 400);
        bodies.put("{\"extra\":{\"deep\":" + "[".repeat(200) + "]".repeat(200) + "}}", 400);
        bodies.put("{\"name\":" + "9".repeat(2000) + "}", 400);
        bodies.forEach((body, status) -> {
            var reply = server.create(body);
            assertEquals(status, reply.status(), body);
            assertEquals("application/problem+json", reply.header("Content-Type"));
        });
    }

    @Test
    void nonsense_is_answered_in_few_words() {
        var body = LiveServer.JSON.createObjectNode();
        for (int i = 0; i < 50_000; i++) body.put("unknown" + i, 1);
        var reply = server.create(body.toString());
        assertEquals(422, reply.status());
        assertEquals(100, reply.json().get("errors").size());
        assertTrue(reply.text().length() < 100_000, reply.text().length() + " characters");
    }

    @Test
    void no_part_of_a_secret_is_shown_where_it_was_misplaced() {
        String secret = "CANARY";
        Map<String, String> bodies = Map.of(
                "misspelt", "\"model\":{\"name\":\"m\",\"tokn\":\"CANARY\"}",
                "no list", "\"datasets\":{\"source\":\"s\",\"credentials\":{\"key\":\"CANARY\"}}",
                "no object", "\"datasets\":[{\"source\":\"s\",\"credentials\":\"CANARY\"}]",
                "no text", "\"datasets\":[{\"source\":\"s\",\"credentials\":{\"key\":[\"CANARY\"]}}]",
                "a list", "\"container\":{\"environment\":[{\"KEY\":{\"secret\":\"CANARY\"}}]}",
                "too much", "\"container\":{\"environment\":{\"KEY\":{\"secret\":\"CANARY\",\"x\":1}}}",
                "NUL", "\"webhooks\":[{\"url\":\"http://a\",\"secret\":\"CANARY\\u0000\"}]");
        assertAll(bodies.entrySet().stream().map(entry -> () -> {
            var reply = server.create("{\"name\":\"n\"," + entry.getValue() + "}");
            assertEquals(422, reply.status(), entry.getKey());
            assertFalse(reply.text().contains(secret), entry.getKey() + ": " + reply.text());
        }));
    }

    @Test
    void free_settings_come_back_as_they_came_or_are_refused() {
        String good = "{\"a\":[1,2.5,true,null,{\"b\":\"é\"}],\"big\":" + HUGE + "}";
        var reply = server.post(
                "/api/v1/jobs?dry_run=true", "{\"name\":\"n\",\"model\":{\"name\":\"m\"},\"extra\":" + good + "}");
        assertEquals(LiveServer.JSON.readTree(good), reply.json().at("/job/spec/extra"));
        for (String bad : List.of("{\"a\":1e999}", "{\"a\":[{\"b\":\"\\ud800\"}]}"))
            assertEquals(
                    422,
                    server.create("{\"name\":\"n\",\"model\":{\"name\":\"m\"},\"extra\":" + bad + "}")
                            .status(),
                    bad);
    }
}
