package io.trainyard.contract.trainer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.admission.Wanted;
import io.trainyard.contract.trainer.Request.Reading;
import io.trainyard.job.Job;
import io.trainyard.job.JobId;
import io.trainyard.wire.Details;
import io.trainyard.wire.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Bodies, the jobs they become and the answers they get; a refused body has only its answer. A folder is for the service
 * its name begins with, {@code trainer} for the one that its provider picks. {@code -Dgolden=write} writes what is found.
 */
class TrainerGoldenTest {
    private static final Path FOLDER = Path.of("src/test/resources/contract/trainer");
    private static final int LEAST_CASES = 15;
    private static final JsonMapper PRETTY = JsonMapper.builder()
            .enable(SerializationFeature.INDENT_OUTPUT)
            .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
            .disable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY)
            .build();

    @TestFactory
    Stream<DynamicTest> each_body_becomes_its_job_and_gets_its_answer() throws IOException {
        try (var folders = Files.list(FOLDER)) {
            return folders.sorted().toList().stream()
                    .map(folder ->
                            DynamicTest.dynamicTest(String.valueOf(folder.getFileName()), () -> compare(folder)));
        }
    }

    /** The words of a webhook are a set, whose order is nobody's. */
    private static JsonNode sorted(JsonNode spec) {
        for (JsonNode webhook : spec.get("webhooks")) {
            var words = new TreeSet<String>();
            webhook.get("words").forEach(word -> words.add(word.stringValue()));
            var list = ((ObjectNode) webhook).putArray("words");
            words.forEach(list::add);
        }
        return spec;
    }

    @Test
    void there_are_enough_of_them() throws IOException {
        try (var folders = Files.list(FOLDER)) {
            assertTrue(folders.count() >= LEAST_CASES, () -> "fewer than " + LEAST_CASES);
        }
    }

    private static void compare(Path folder) throws IOException {
        JsonNode body = Json.MAPPER.readTree(Files.readString(folder.resolve("request.json")));
        Service service = service(String.valueOf(folder.getFileName()), body);
        var found = new LinkedHashMap<String, String>();
        switch (TrainerBodies.read(body, service)) {
            case Reading.Good good ->
                accepted(
                        service,
                        Translator.wanted(good.request(), "default", RuntimeDefaults.PUBLISHED, Optional.empty()),
                        found);
            case Reading.Wrong wrong ->
                found.put("response.json", pretty(422, Details.problems("body", wrong.problems())));
            case Reading.Refused refused -> found.put("response.json", pretty(400, Details.text(refused.text())));
        }
        if (Optional.ofNullable(System.getProperty("golden")).equals(Optional.of("write"))) {
            for (var each : found.entrySet()) Files.writeString(folder.resolve(each.getKey()), each.getValue());
        }
        for (var each : found.entrySet())
            assertEquals(Files.readString(folder.resolve(each.getKey())), each.getValue(), each.getKey());
        var unread = new TreeSet<String>();
        try (var files = Files.list(folder)) {
            files.map(file -> String.valueOf(file.getFileName())).forEach(unread::add);
        }
        unread.removeAll(found.keySet());
        unread.removeAll(Set.of("request.json"));
        assertEquals(List.of(), List.copyOf(unread), "files that no test reads");
    }

    private static Service service(String folder, JsonNode body) {
        return Service.ALL.stream()
                .filter(each -> folder.startsWith(each.word + "-"))
                .findFirst()
                .orElseGet(() -> Service.forProvider(
                        body.path("base_model").path("provider").stringValue("")));
    }

    private static void accepted(Service service, Wanted wanted, Map<String, String> found) {
        Job job = Job.submitted(
                new JobId("job_0"),
                wanted.identity(),
                wanted.spec(),
                wanted.request(),
                wanted.warnings(),
                "local",
                Instant.EPOCH);
        var shown = new Answers.Shown(service, job.spec().name(), JobSpecs::once);
        found.put("spec.json", PRETTY.writeValueAsString(sorted(PRETTY.valueToTree(wanted.spec()))) + "\n");
        found.put("response.json", pretty(200, Answers.job(shown, job, Answers.status(job))));
        wanted.secrets()
                .forEach((name, value) -> found.forEach(
                        (file, text) -> assertFalse(text.contains(value), () -> name + " is shown in " + file)));
    }

    private static String pretty(int status, byte[] body) {
        return PRETTY.writeValueAsString(
                        Json.MAPPER.createObjectNode().put("status", status).set("body", Json.MAPPER.readTree(body)))
                + "\n";
    }
}
