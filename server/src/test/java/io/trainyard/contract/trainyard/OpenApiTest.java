package io.trainyard.contract.trainyard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.javalin.Javalin;
import io.trainyard.LiveServer;
import io.trainyard.access.Tokens;
import io.trainyard.job.Cause;
import io.trainyard.job.Event;
import io.trainyard.job.Reason;
import io.trainyard.job.Wish;
import io.trainyard.spec.JobSpec.Framework;
import io.trainyard.spec.Method;
import io.trainyard.store.Outbox;
import io.trainyard.store.StateWord;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Holds the OpenAPI document against the code: a document that is wrong is worse than none. */
class OpenApiTest {
    private static LiveServer server;

    @BeforeAll
    static void start(@TempDir Path home) {
        server = LiveServer.start(home);
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @Test
    void every_mounted_route_is_documented_and_every_documented_one_is_mounted() {
        var documented = new TreeSet<String>();
        OpenApi.DOCUMENT
                .get("paths")
                .properties()
                .forEach(path -> path.getValue().propertyNames().stream()
                        .filter(method ->
                                Set.of("get", "post", "put", "patch", "delete").contains(method))
                        .forEach(method -> documented.add(method.toUpperCase(Locale.ROOT) + " " + path.getKey())));
        assertTrue(documented.remove("GET /health"));
        assertEquals(mounted(), documented);
    }

    private static Set<String> mounted() {
        var mounted = new TreeSet<String>();
        Javalin javalin = Javalin.create(config -> contract().mount(config.routes));
        for (var route : javalin.unsafe.internalRouter.allHttpHandlers()) {
            String method = route.endpoint.method.name();
            String path = route.endpoint.path;
            boolean page = path.startsWith("/docs") || path.equals("/openapi.json");
            if (!method.equals("BEFORE") && !page) mounted.add(method + " " + path);
        }
        return mounted;
    }

    @SuppressWarnings("NullAway") // only its routes are asked for
    private static TrainyardContract contract() {
        return new TrainyardContract(
                new TrainyardContract.Behind(null, null, null, null), new Tokens(Optional.empty()), null);
    }

    @Test
    void every_enum_of_the_document_is_the_enum_of_the_code() {
        assertWords(Framework.values(), OpenApi.schema("Create").at("/properties/framework/enum"));
        assertWords(Framework.values(), OpenApi.schema("Spec").at("/properties/framework/enum"));
        assertWords(Method.Kind.values(), OpenApi.schema("Method").at("/properties/kind/enum"));
        assertWords(Method.Precision.values(), OpenApi.schema("Method").at("/properties/precision/enum"));
        assertWords(StateWord.values(), OpenApi.schema("State").get("enum"));
        assertWords(Cause.values(), OpenApi.schema("Job").at("/properties/cause/enum"));
        assertWords(Wish.values(), OpenApi.schema("Job").at("/properties/wish/enum"));
        assertWords(Reason.Kind.values(), OpenApi.schema("Reason").at("/properties/kind/enum"));
        assertWords(Event.Kind.values(), OpenApi.schema("Event").at("/properties/kind/enum"));
        assertWords(Outbox.Result.values(), OpenApi.schema("Delivery").at("/properties/result/enum"));
        assertEquals(
                Notices.words(),
                OpenApi.schema("Notice")
                        .get("enum")
                        .valueStream()
                        .map(JsonNode::stringValue)
                        .toList());
    }

    private static void assertWords(Enum<?>[] constants, JsonNode documented) {
        var words = documented.valueStream().filter(word -> !word.isNull()).map(JsonNode::stringValue);
        assertEquals(
                Arrays.stream(constants)
                        .map(c -> c.name().toLowerCase(Locale.ROOT))
                        .toList(),
                words.toList());
    }

    @Test
    void the_examples_are_accepted() {
        JsonNode examples =
                OpenApi.DOCUMENT.at("/paths/~1api~1v1~1jobs/post/requestBody/content/application~1json/examples");
        assertEquals(3, examples.size());
        for (JsonNode example : examples) {
            var reply = server.post(
                    "/api/v1/jobs?dry_run=true", example.get("value").toString());
            assertEquals(200, reply.status(), reply.text());
            assertEquals(0, reply.json().at("/plan/objections").size(), reply.text());
        }
    }

    @Test
    void every_default_is_what_a_job_gets() {
        JsonNode spec = server.post(
                        "/api/v1/jobs?dry_run=true",
                        "{\"name\":\"n\",\"model\":{\"name\":\"m\"},\"datasets\":[{\"source\":\"s\"}],"
                                + "\"method\":{\"qlora\":{},\"peft\":{}}}")
                .json()
                .at("/job/spec");
        for (var field : OpenApi.fields(field -> field.schema().has("default"))) {
            String pointer = "/" + String.join("/", field.path()).replace("[]", "0");
            assertEquals(field.schema().get("default"), spec.at(pointer), pointer);
        }
    }

    @Test
    void every_field_that_may_be_left_out_may_be_null() {
        for (var field : OpenApi.fields(field -> !field.path().getLast().equals("[]"))) {
            boolean optional = !field.required() && !field.path().equals(List.of("model"));
            if (optional) assertTrue(field.mayBeNull(), field.name());
        }
    }

    @Test
    void every_reference_leads_somewhere_and_every_schema_is_used() {
        var used = new TreeSet<String>();
        OpenApi.DOCUMENT.findValuesAsString("$ref").forEach(reference -> {
            assertTrue(OpenApi.DOCUMENT.at(reference.substring(1)).isObject(), reference);
            used.add(reference);
        });
        for (String kind : List.of("schemas", "responses", "parameters"))
            for (String name : OpenApi.DOCUMENT.at("/components/" + kind).propertyNames())
                assertTrue(used.contains("#/components/" + kind + "/" + name), name + " is not used");
    }

    @Test
    void the_document_is_served_to_everybody_and_names_this_version() {
        var reply = server.send(server.anonymous("GET", "/openapi.json", ""));
        assertEquals(200, reply.status());
        assertEquals("application/json", reply.header("Content-Type"));
        assertEquals(OpenApi.DOCUMENT, reply.json());
        assertEquals(server.get("/health").json().get("version"), reply.json().at("/info/version"));
    }

    @Test
    void the_page_loads_only_from_here_and_everything_it_loads_is_here() {
        var page = server.send(server.anonymous("GET", "/docs", ""));
        assertEquals(200, page.status());
        assertTrue(page.header("Content-Security-Policy").startsWith("default-src 'none'; script-src 'self';"));
        var loaded = new ArrayList<String>();
        var matcher = Pattern.compile("(?:src|href)=\"([^\"]+)\"").matcher(page.text());
        while (matcher.find()) loaded.add(matcher.group(1));
        assertEquals(5, loaded.size());
        for (String address : loaded) {
            assertTrue(address.startsWith("/"), address);
            assertEquals(200, server.send(server.anonymous("GET", address, "")).status(), address);
        }
        assertEquals(-1, page.text().indexOf("<script>"));
        assertNotEquals(-1, page.text().indexOf("/docs/start.js"));
    }
}
