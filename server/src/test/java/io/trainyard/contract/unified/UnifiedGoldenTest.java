package io.trainyard.contract.unified;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.admission.Wanted;
import io.trainyard.backend.kubeflow.PyTorchJobWorkload;
import io.trainyard.job.Job;
import io.trainyard.job.JobId;
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

/** Bodies, the jobs they become, their answers and their PyTorchJobs. {@code -Dgolden=write} writes what is found. */
class UnifiedGoldenTest {
    private static final Path FOLDER = Path.of("src/test/resources/contract/unified");
    private static final int LEAST_CASES = 15;
    private static final PyTorchJobWorkload PYTORCH_JOBS = PyTorchJobWorkload.rendering("default");
    private static final JsonMapper PRETTY = JsonMapper.builder()
            .enable(SerializationFeature.INDENT_OUTPUT)
            .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
            .disable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY)
            .build();

    @TestFactory
    Stream<DynamicTest> each_body_becomes_its_job_its_answer_and_its_manifest() throws IOException {
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
        var found = new LinkedHashMap<String, String>();
        switch (UnifiedBodies.read(body)) {
            case Request.Reading.Good good -> accepted(good.request(), found);
            case Request.Reading.Wrong wrong -> found.put("response.json", pretty(422, UnifiedBodies.refusal(wrong)));
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

    private static void accepted(Request request, Map<String, String> found) {
        Wanted wanted = UnifiedBodies.wanted(request);
        Job job = Job.submitted(
                new JobId("job_0"),
                wanted.identity(),
                wanted.spec(),
                wanted.request(),
                wanted.warnings(),
                "local",
                Instant.EPOCH);
        found.put("spec.json", PRETTY.writeValueAsString(PRETTY.valueToTree(wanted.spec())) + "\n");
        found.put("response.json", pretty(201, Json.MAPPER.readTree(Answers.job(job, Answers.accepted(job)))));
        found.put("manifest.yaml", PYTORCH_JOBS.plan(wanted.spec()).manifest());
        wanted.secrets()
                .forEach((name, value) -> found.forEach(
                        (file, text) -> assertFalse(text.contains(value), () -> name + " is shown in " + file)));
    }

    private static String pretty(int status, JsonNode body) {
        return PRETTY.writeValueAsString(
                        Json.MAPPER.createObjectNode().put("status", status).set("body", body)) + "\n";
    }
}
