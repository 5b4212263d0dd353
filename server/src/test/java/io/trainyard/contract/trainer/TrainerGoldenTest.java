package io.trainyard.contract.trainer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.trainyard.admission.Wanted;
import io.trainyard.job.Job;
import io.trainyard.job.JobId;
import io.trainyard.wire.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Published bodies, the jobs they become and the answers they get. {@code -Dgolden=write} writes what is found. */
class TrainerGoldenTest {
    private static final Path FOLDER = Path.of("src/test/resources/contract/trainer");
    private static final Set<String> FILES = Set.of("in.json", "spec.json", "out.json");
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

    private static void compare(Path folder) throws IOException {
        Wanted wanted = TrainerBodies.wanted(Files.readString(folder.resolve("in.json")));
        Job job = Job.submitted(
                new JobId("job_0"),
                wanted.identity(),
                wanted.spec(),
                wanted.request(),
                wanted.warnings(),
                "local",
                Instant.EPOCH);
        Service service = Service.ALL.stream()
                .filter(each -> each.word.equals(wanted.identity().service()))
                .findFirst()
                .orElseThrow();
        String spec = PRETTY.writeValueAsString(sorted(PRETTY.valueToTree(wanted.spec()))) + "\n";
        JsonNode answer = Json.MAPPER.readTree(Answers.job(service, job, Answers.status(job), JobSpecs::once));
        String out = PRETTY.writeValueAsString(answer) + "\n";
        if (Optional.ofNullable(System.getProperty("golden")).equals(Optional.of("write"))) {
            Files.writeString(folder.resolve("spec.json"), spec);
            Files.writeString(folder.resolve("out.json"), out);
        }
        assertEquals(Files.readString(folder.resolve("spec.json")), spec);
        assertEquals(Files.readString(folder.resolve("out.json")), out);
        wanted.secrets().forEach((name, value) -> {
            assertFalse(out.contains(value), () -> name + " is shown in out.json");
            assertFalse(spec.contains(value), () -> name + " is shown in spec.json");
        });
        var unread = new TreeSet<String>();
        try (var files = Files.list(folder)) {
            files.map(file -> String.valueOf(file.getFileName())).forEach(unread::add);
        }
        unread.removeAll(FILES);
        assertEquals(List.of(), List.copyOf(unread), "files that no test reads");
    }
}
