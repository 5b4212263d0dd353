package io.trainyard.contract.vision;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.admission.Wanted;
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

/**
 * Bodies, the jobs they become and their answers. A folder whose name begins with {@code service} is for the Training
 * Service; {@code script} in a name has the operator's script, {@code alone} no fallback. {@code -Dgolden=write} writes
 * what is found.
 */
class VisionGoldenTest {
    private static final Path FOLDER = Path.of("src/test/resources/contract/vision");
    private static final int LEAST_CASES = 12;
    private static final JsonMapper PRETTY = JsonMapper.builder()
            .enable(SerializationFeature.INDENT_OUTPUT)
            .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
            .disable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY)
            .build();

    @TestFactory
    Stream<DynamicTest> each_body_becomes_its_job_and_its_answer() throws IOException {
        return folders().stream()
                .map(folder -> DynamicTest.dynamicTest(String.valueOf(folder.getFileName()), () -> compare(folder)));
    }

    @Test
    void there_are_enough_of_them() throws IOException {
        assertTrue(folders().size() >= LEAST_CASES, () -> "fewer than " + LEAST_CASES);
    }

    private static List<Path> folders() throws IOException {
        try (var folders = Files.list(FOLDER)) {
            return folders.sorted().toList();
        }
    }

    private static void compare(Path folder) throws IOException {
        JsonNode body = Json.MAPPER.readTree(Files.readString(folder.resolve("request.json")));
        String name = String.valueOf(folder.getFileName());
        var found = new LinkedHashMap<String, String>();
        boolean service = name.startsWith("service");
        switch (service ? Request.service(body, true) : Request.create(body, true)) {
            case Request.Reading.Good good -> accepted(name, good.request(), found);
            case Request.Reading.Wrong wrong ->
                found.put(
                        "response.json", pretty(422, Json.MAPPER.readTree(Details.problems("body", wrong.problems()))));
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

    private static void accepted(String name, Request request, Map<String, String> found) {
        var settings = Vision.settings(Executor.SUBPROCESS, !name.contains("alone"), "local", name.contains("script"));
        Wanted wanted = new Translator(request, request.id().orElse("1"), settings).wanted(Optional.empty());
        Job job = Job.submitted(
                new JobId("job_0"),
                wanted.identity(),
                wanted.spec(),
                wanted.request(),
                wanted.warnings(),
                "local",
                Instant.EPOCH);
        found.put("spec.json", PRETTY.writeValueAsString(PRETTY.valueToTree(wanted.spec())) + "\n");
        found.put("response.json", pretty(200, Answers.job(job)));
        wanted.secrets()
                .forEach((secret, value) -> found.forEach(
                        (file, text) -> assertFalse(text.contains(value), () -> secret + " is shown in " + file)));
    }

    private static String pretty(int status, JsonNode body) {
        return PRETTY.writeValueAsString(
                        Json.MAPPER.createObjectNode().put("status", status).set("body", body)) + "\n";
    }
}
