package io.trainyard.contract.studio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.trainyard.admission.Wanted;
import io.trainyard.backend.kubernetes.JobWorkload;
import io.trainyard.backend.kubernetes.KubernetesSettings;
import io.trainyard.backend.kubernetes.KubernetesSettings.RestartPolicy;
import io.trainyard.backend.kubernetes.KubernetesSettings.Retention;
import io.trainyard.backend.pods.Depth;
import io.trainyard.backend.pods.PodDefaults;
import io.trainyard.contract.studio.StudioSettings.FlagStyle;
import io.trainyard.http.Refusal;
import io.trainyard.job.Identity;
import io.trainyard.job.Job;
import io.trainyard.job.JobId;
import io.trainyard.wire.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
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
 * Bodies, the jobs they become, the answers they get, and the Jobs that Kubernetes would be handed. A refused body has
 * only its answer. {@code -Dgolden=write} writes what is found.
 */
class StudioGoldenTest {
    private static final Path FOLDER = Path.of("src/test/resources/contract/studio");
    private static final String ID = "0b54d3a1-93c2-4c15-8f5e-2a1de0c7a5f1";
    private static final JsonMapper PRETTY = JsonMapper.builder()
            .enable(SerializationFeature.INDENT_OUTPUT)
            .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
            .disable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY)
            .build();
    /** The whole of what an operator can say. */
    private static final KubernetesSettings FULL = new KubernetesSettings(
            "training",
            new Retention(2, Optional.of(3600)),
            RestartPolicy.ON_FAILURE,
            pods(
                    Optional.of("trainer-account"),
                    Map.of("accelerator", "a100"),
                    List.of(Map.of("key", "nvidia.com/gpu")),
                    List.of("registry-key"),
                    Optional.of(Map.of("nvidia.com/gpu", "4"))),
            Depth.RENDER);

    private static final KubernetesSettings PLAIN = new KubernetesSettings(
            "default",
            KubernetesSettings.DEFAULT.retention(),
            RestartPolicy.NEVER,
            pods(Optional.empty(), Map.of(), List.of(), List.of(), Optional.empty()),
            Depth.RENDER);

    private static PodDefaults pods(
            Optional<String> account,
            Map<String, String> nodes,
            List<Map<String, Object>> tolerations,
            List<String> pullSecrets,
            Optional<Map<String, String>> limits) {
        return new PodDefaults(
                Optional.of("registry.example/trainer:1"),
                List.of(),
                account,
                nodes,
                tolerations,
                pullSecrets,
                limits,
                Map.of(),
                PodDefaults.Security.RESTRICTED);
    }

    static StudioSettings settings(FlagStyle style) {
        return new StudioSettings(
                Path.of("/srv/repository"),
                Target.KUBERNETES,
                false,
                new StudioSettings.Script("python3 /srv/repository/train.py", style),
                Map.of(),
                1_000_000);
    }

    @TestFactory
    Stream<DynamicTest> each_body_becomes_its_job_its_answer_and_its_manifest() throws IOException {
        return folders().stream().map(folder -> DynamicTest.dynamicTest(name(folder), () -> compare(folder)));
    }

    @Test
    void there_are_enough_of_them() throws IOException {
        assertFalse(folders().size() < 15);
    }

    private static List<Path> folders() throws IOException {
        try (var folders = Files.list(FOLDER)) {
            return folders.sorted().toList();
        }
    }

    private static String name(Path path) {
        return String.valueOf(path.getFileName());
    }

    private static void compare(Path folder) throws IOException {
        boolean dash = name(folder).contains("-dash-");
        var settings = settings(dash ? FlagStyle.DASH : FlagStyle.UNDERSCORE);
        JsonNode body = Json.MAPPER.readTree(Files.readAllBytes(folder.resolve("request.json")));
        var read = new TreeSet<>(List.of("request.json", "response.json"));
        try {
            var request = new Request(body, true, settings);
            String name = ClusterNames.of(request.name.orElse(ID));
            Wanted wanted =
                    new Translator(request, settings, ID, name).wanted(Identity.DEFAULT_PROJECT, Optional.empty());
            read.add("spec.json");
            accepted(folder, request, wanted, read);
        } catch (Refusal refusal) {
            equal(folder, "response.json", pretty(Json.MAPPER.readTree(Answers.error(refusal.message()))));
        }
        var unread = new TreeSet<String>();
        try (var files = Files.list(folder)) {
            files.map(StudioGoldenTest::name).forEach(unread::add);
        }
        unread.removeAll(read);
        assertEquals(List.of(), List.copyOf(unread), "files that no test reads");
    }

    private static void accepted(Path folder, Request request, Wanted wanted, Set<String> read) throws IOException {
        Job job = Job.submitted(
                new JobId("job_0"),
                wanted.identity(),
                wanted.spec(),
                wanted.request(),
                wanted.warnings(),
                request.target.word(),
                Instant.EPOCH);
        String spec = pretty(PRETTY.valueToTree(wanted.spec()));
        String response = pretty(Answers.summary(job, Answers.Seen.NOTHING));
        equal(folder, "spec.json", spec);
        equal(folder, "response.json", response);
        String manifest = "";
        if (request.target == Target.KUBERNETES) {
            read.add("manifest.yaml");
            boolean full = name(folder).contains("-operator-");
            manifest = new JobWorkload(full ? FULL : PLAIN).plan(wanted.spec()).manifest() + "\n";
            equal(folder, "manifest.yaml", manifest);
        }
        for (var secret : wanted.secrets().entrySet())
            for (String text : List.of(spec, response, manifest))
                assertFalse(text.contains(secret.getValue()), () -> secret.getKey() + " is shown");
    }

    private static String pretty(JsonNode node) {
        return PRETTY.writeValueAsString(node) + "\n";
    }

    private static void equal(Path folder, String file, String found) throws IOException {
        if (Optional.ofNullable(System.getProperty("golden")).equals(Optional.of("write")))
            Files.writeString(folder.resolve(file), found);
        assertEquals(Files.readString(folder.resolve(file)), found, file);
    }
}
