package io.trainyard.backend.vertex;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.job.SomeJob;
import io.trainyard.spec.Artifacts;
import io.trainyard.spec.Container;
import io.trainyard.spec.Container.Variable;
import io.trainyard.spec.Dataset;
import io.trainyard.spec.JobSpec;
import io.trainyard.spec.Model;
import io.trainyard.spec.Placement;
import io.trainyard.spec.Policy;
import io.trainyard.spec.Resources;
import io.trainyard.spec.SecretRef;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** What a job becomes there; long because a manifest has many fields. */
class ManifestTest {
    private static final JobSpec PLAIN = SomeJob.PLAIN.spec();

    /** What of a job is of interest here, to change one thing at a time. */
    private record Wish(
            String name, Resources resources, Container container, Map<String, String> labels, boolean configured) {
        static final Wish PLAIN = new Wish(
                "tune", new Resources(1, 0, Optional.empty(), 1, 4, Optional.empty()), Container.NONE, Map.of(), false);

        Wish named(String next) {
            return new Wish(next, resources, container, labels, configured);
        }

        Wish gpus(int nodes, int gpus, String type) {
            var wanted = new Resources(
                    nodes, gpus, Optional.of(type).filter(word -> !word.isEmpty()), 1, 4, Optional.empty());
            return new Wish(name, wanted, container, labels, configured);
        }

        Wish machine(int gpus, int cpus, int memoryGib) {
            var wanted = new Resources(1, gpus, Optional.of("L4"), cpus, memoryGib, Optional.empty());
            return new Wish(name, wanted, container, labels, configured);
        }

        Wish in(Container next) {
            return new Wish(name, resources, next, labels, configured);
        }

        Wish labelled(Map<String, String> next) {
            return new Wish(name, resources, container, next, configured);
        }

        Wish asConfigured() {
            return new Wish(name, resources, container, labels, true);
        }

        JobSpec spec() {
            return new JobSpec(
                    name,
                    JobSpec.Framework.HF,
                    ManifestTest.PLAIN.model(),
                    List.of(),
                    ManifestTest.PLAIN.method(),
                    ManifestTest.PLAIN.hyperparameters(),
                    resources,
                    ManifestTest.PLAIN.artifacts(),
                    container,
                    labels,
                    configured ? Map.of(Manifest.MACHINE, Manifest.CONFIGURED) : Map.of(),
                    List.of(),
                    Placement.ANYWHERE,
                    Policy.DEFAULT,
                    ManifestTest.PLAIN.extra());
        }
    }

    private static VertexSettings settings(boolean submit) {
        return VertexWorld.settings(Path.of("home"), "http://x", Path.of("key"), submit);
    }

    private static VertexSettings with(VertexSettings.Defaults defaults) {
        var plain = settings(true);
        return new VertexSettings(plain.home(), plain.project(), defaults, plain.access(), true);
    }

    private static Manifest of(Wish wish) {
        return Manifest.of(wish.spec(), settings(true));
    }

    private static JsonNode pool(Manifest manifest, int index) {
        return manifest.body().at("/jobSpec/workerPoolSpecs/" + index);
    }

    @Test
    void the_whole_of_a_plain_job() {
        var container = new Container(
                Optional.of("gcr.io/p/mine:2"),
                List.of("python"),
                List.of("train.py", "--epochs", "3"),
                List.of(new Variable.Plain("B", "2"), new Variable.Plain("A", "$(B) stays")));
        Manifest manifest = of(Wish.PLAIN.gpus(3, 8, "H100").in(container).labelled(Map.of("team", "a")));
        assertEquals(List.of(), manifest.objections());
        assertEquals(Manifest.JSON.readTree("""
                {"displayName": "tune", "labels": {"team": "a"}, "jobSpec": {
                  "workerPoolSpecs": [
                    {"machineSpec": {"machineType": "a3-highgpu-8g", "acceleratorType": "NVIDIA_H100_80GB", "acceleratorCount": 8},
                     "replicaCount": "1",
                     "containerSpec": {"imageUri": "gcr.io/p/mine:2", "command": ["python"], "args": ["train.py", "--epochs", "3"],
                       "env": [{"name": "B", "value": "2"}, {"name": "A", "value": "$$(B) stays"}]}},
                    {"machineSpec": {"machineType": "a3-highgpu-8g", "acceleratorType": "NVIDIA_H100_80GB", "acceleratorCount": 8},
                     "replicaCount": "2",
                     "containerSpec": {"imageUri": "gcr.io/p/mine:2", "command": ["python"], "args": ["train.py", "--epochs", "3"],
                       "env": [{"name": "B", "value": "2"}, {"name": "A", "value": "$$(B) stays"}]}}],
                  "scheduling": {"disableRetries": true}}}
                """), manifest.body());
    }

    @ParameterizedTest
    @CsvSource({
        "1, L4, g2-standard-4, NVIDIA_L4",
        "8, l4, g2-standard-96, NVIDIA_L4",
        "1, A100, a2-highgpu-1g, NVIDIA_TESLA_A100",
        "16, A100, a2-megagpu-16g, NVIDIA_TESLA_A100",
        "4, A100-80GB, a2-ultragpu-4g, NVIDIA_A100_80GB",
        "8, H100, a3-highgpu-8g, NVIDIA_H100_80GB",
        "8, nvidia-h200, a3-ultragpu-8g, NVIDIA_H200_141GB",
        "8, B200, a4-highgpu-8g, NVIDIA_B200",
        "2, T4, n1-standard-8, NVIDIA_TESLA_T4",
        "2, NVIDIA_RTX_PRO_6000, g4-standard-96, NVIDIA_RTX_PRO_6000",
        "1, '', a2-highgpu-1g, NVIDIA_TESLA_A100"
    })
    void gpus_choose_the_machine(int gpus, String type, String machine, String accelerator) {
        Manifest manifest = of(Wish.PLAIN.gpus(1, gpus, type));
        assertEquals(List.of(), manifest.objections());
        assertEquals(machine, pool(manifest, 0).at("/machineSpec/machineType").asString());
        assertEquals(
                accelerator,
                pool(manifest, 0).at("/machineSpec/acceleratorType").asString());
        assertEquals(gpus, pool(manifest, 0).at("/machineSpec/acceleratorCount").asInt());
    }

    @ParameterizedTest
    @CsvSource({
        "0, 1, 4, n2-standard-2, 0",
        "0, 8, 33, n2-highmem-8, 0",
        "0, 3, 9, n2-standard-4, 0",
        "1, 9, 30, g2-standard-12, 0",
        "1, 20, 500, g2-standard-32, 1"
    })
    void cpus_and_memory_choose_among_machines(int gpus, int cpus, int memory, String machine, int warnings) {
        Manifest manifest = of(Wish.PLAIN.machine(gpus, cpus, memory));
        assertEquals(List.of(), manifest.objections());
        assertEquals(machine, pool(manifest, 0).at("/machineSpec/machineType").asString());
        assertEquals(warnings, manifest.warnings().size());
    }

    @Test
    void what_no_machine_has_is_objected_to() {
        assertObjection(of(Wish.PLAIN.gpus(1, 3, "L4")), "resources.gpus: 3 x NVIDIA_L4");
        assertObjection(of(Wish.PLAIN.gpus(1, 1, "MI300X")), "resources.gpu_type: \"MI300X\" is not offered");
        assertObjection(of(Wish.PLAIN.machine(0, 500, 4)), "resources: 500 CPUs and 4 GiB");
    }

    private static void assertObjection(Manifest manifest, String beginning) {
        assertEquals(1, manifest.objections().size(), manifest.objections().toString());
        assertTrue(
                manifest.objections().getFirst().startsWith(beginning),
                manifest.objections().getFirst());
    }

    @Test
    void the_configured_machine_and_replicas_serve_jobs_that_say_so() {
        var defaults = new VertexSettings.Defaults(Optional.of("i"), "g2-standard-24", "NVIDIA_L4", 2, 3, Map.of());
        Manifest manifest = Manifest.of(Wish.PLAIN.asConfigured().spec(), with(defaults));
        assertEquals(List.of(), manifest.objections());
        assertEquals(
                "g2-standard-24",
                pool(manifest, 0).at("/machineSpec/machineType").asString());
        assertEquals("1", pool(manifest, 0).path("replicaCount").asString());
        assertEquals("2", pool(manifest, 1).path("replicaCount").asString());
        var none = new VertexSettings.Defaults(Optional.of("i"), "n2-standard-8", "", 0, 1, Map.of());
        var bare = Manifest.of(Wish.PLAIN.asConfigured().spec(), with(none));
        assertEquals(
                "{\"machineType\":\"n2-standard-8\"}",
                pool(bare, 0).path("machineSpec").toString());
    }

    @ParameterizedTest
    @CsvSource({
        "a2-highgpu-1g, NVIDIA_L4, 1, a2-highgpu-1g has 1 x NVIDIA_TESLA_A100",
        "a2-highgpu-1g, NVIDIA_TESLA_A100, 2, a2-highgpu-1g has 1 x NVIDIA_TESLA_A100",
        "n2-standard-8, NVIDIA_L4, 1, n2-standard-8 has no accelerators",
        "n1-standard-8, NVIDIA_L4, 1, machines of the family n1 take no NVIDIA_L4",
        "n1-standard-8, NVIDIA_TESLA_T4, 3, 'NVIDIA_TESLA_T4 comes in numbers of [1, 2, 4]'"
    })
    void a_configured_machine_that_does_not_have_these_accelerators_is_objected_to(
            String type, String accelerator, int count, String why) {
        var defaults = new VertexSettings.Defaults(Optional.of("i"), type, accelerator, count, 1, Map.of());
        Manifest manifest = Manifest.of(Wish.PLAIN.asConfigured().spec(), with(defaults));
        assertTrue(
                manifest.objections().getFirst().contains(why),
                manifest.objections().toString());
    }

    @Test
    void a_machine_word_that_is_not_known_is_objected_to() {
        var spec = SomeJob.PLAIN.annotated(Manifest.MACHINE, "big").spec();
        assertTrue(Manifest.of(spec, settings(true))
                .objections()
                .getFirst()
                .startsWith("annotations." + Manifest.MACHINE));
    }

    @Test
    void without_project_or_image_nothing_can_be_placed_there() {
        var plain = settings(true);
        var bare = new VertexSettings(
                plain.home(),
                new VertexSettings.Project(Optional.empty(), "us-central1", Optional.empty(), Optional.empty()),
                new VertexSettings.Defaults(Optional.empty(), "a2-highgpu-1g", "NVIDIA_TESLA_A100", 1, 1, Map.of()),
                plain.access(),
                true);
        assertEquals(
                List.of(
                        "placement.backends: Set VERTEX_PROJECT (or PROJECT_ID) for Vertex submissions",
                        "container.image: Set VERTEX_IMAGE_URI to the trainer container image"),
                Manifest.of(Wish.PLAIN.spec(), bare).objections());
    }

    @Test
    void labels_are_sanitised_and_it_is_said() {
        Manifest manifest =
                of(Wish.PLAIN.labelled(Map.of("Team", "R&D", "ok", "fine", "9", "x", "trainyard_job", "mine")));
        assertEquals(
                "{\"ok\":\"fine\",\"team\":\"r-d\"}",
                manifest.body().path("labels").toString());
        assertEquals(1, manifest.warnings().size());
        assertTrue(manifest.warnings().getFirst().startsWith("labels: 9, Team, trainyard_job cannot"));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void a_long_name_is_cut_between_characters(int before) {
        String name = "x".repeat(127 + before) + "🚂🚂";
        Manifest manifest = of(Wish.PLAIN.named(name));
        String shown = manifest.body().path("displayName").asString();
        assertEquals(128, shown.codePointCount(0, shown.length()));
        assertFalse(Character.isHighSurrogate(shown.charAt(shown.length() - 1)));
        assertEquals(1, manifest.warnings().size());
    }

    @Test
    void more_variables_than_it_takes_are_objected_to() {
        List<Variable> many = IntStream.range(0, 101)
                .<Variable>mapToObj(i -> new Variable.Plain("V" + i, ""))
                .toList();
        assertObjection(
                of(Wish.PLAIN.in(new Container(Optional.empty(), List.of(), List.of(), many))),
                "container.environment: 101 variables");
    }

    @Test
    void a_secret_becomes_its_name_in_secret_manager_or_an_objection_never_a_value() {
        var secret = new Variable.Secret("HF_TOKEN", new SecretRef("environment.HF_TOKEN"));
        var container = new Container(Optional.of("i"), List.of(), List.of(), List.of(secret));
        assertObjection(of(Wish.PLAIN.in(container)), "container.environment: HF_TOKEN is a secret");
        var paper = Manifest.of(Wish.PLAIN.in(container).spec(), settings(false));
        assertEquals(List.of(), paper.objections());
        assertTrue(paper.warnings().getFirst().contains("HF_TOKEN is a secret"));
        var named = new VertexSettings.Defaults(
                Optional.of("i"), "n2-standard-8", "", 0, 1, Map.of("HF_TOKEN", "projects/p/secrets/hf/versions/3"));
        assertEquals(
                "[{\"name\":\"HF_TOKEN_SECRET_NAME\",\"value\":\"projects/p/secrets/hf/versions/3\"}]",
                pool(Manifest.of(Wish.PLAIN.in(container).spec(), with(named)), 0)
                        .at("/containerSpec/env")
                        .toString());
    }

    /** Spot, a limit, an output place, peering, credentials and a token: what the plain wish leaves out. */
    private static JobSpec fullest(Artifacts artifacts) {
        return new JobSpec(
                "full",
                JobSpec.Framework.HF,
                new Model("huggingface", "m", "main", Optional.empty(), Optional.of(new SecretRef("token"))),
                List.of(new Dataset(
                        "gs://b/d.jsonl",
                        "jsonl",
                        Optional.empty(),
                        false,
                        Map.of("aws_access_key_id", new SecretRef("k")))),
                PLAIN.method(),
                PLAIN.hyperparameters(),
                PLAIN.resources(),
                artifacts,
                Container.NONE,
                Map.of(),
                Map.of(),
                List.of(),
                new Placement(List.of(), false, Optional.empty(), Optional.empty(), Optional.empty(), true, Map.of()),
                new Policy(Optional.of(Duration.ofMinutes(90)), 3, 0, Optional.empty(), 0),
                PLAIN.extra());
    }

    private static VertexSettings fullestSettings() {
        var plain = settings(true);
        return new VertexSettings(
                plain.home(),
                new VertexSettings.Project(
                        Optional.of("p"),
                        "europe-west4",
                        Optional.of("a@p.iam"),
                        Optional.of("projects/1/global/networks/n")),
                new VertexSettings.Defaults(
                        Optional.of("i"),
                        "a2-highgpu-1g",
                        "NVIDIA_TESLA_A100",
                        1,
                        1,
                        Map.of(
                                "HF_TOKEN",
                                "projects/p/secrets/h/versions/1",
                                "AWS_ACCESS_KEY_ID",
                                "projects/p/secrets/a/versions/1")),
                plain.access(),
                true);
    }

    @Test
    void spot_limit_account_network_and_output_are_carried_over() {
        var artifacts = new Artifacts(
                Optional.of("gs://b/out"), Optional.empty(), Optional.empty(), Artifacts.Checkpoints.DEFAULT);
        Manifest manifest = Manifest.of(fullest(artifacts), fullestSettings());
        assertEquals(List.of(), manifest.objections());
        ObjectNode spec = (ObjectNode) manifest.body().path("jobSpec");
        assertEquals(
                "{\"disableRetries\":true,\"timeout\":\"5400s\",\"strategy\":\"SPOT\"}",
                spec.path("scheduling").toString());
        assertEquals("a@p.iam", spec.path("serviceAccount").asString());
        assertEquals("projects/1/global/networks/n", spec.path("network").asString());
        assertEquals(
                "gs://b/out", spec.at("/baseOutputDirectory/outputUriPrefix").asString());
        var names = new ArrayList<String>();
        for (JsonNode variable : spec.at("/workerPoolSpecs/0/containerSpec/env"))
            names.add(variable.path("name").asString());
        assertEquals(List.of("AWS_ACCESS_KEY_ID_SECRET_NAME", "HF_TOKEN_SECRET_NAME"), names);
    }

    @Test
    void what_is_rendered_is_what_the_service_describes() {
        var document = Discovery.read("aiplatform.v1");
        var schema = new Schema(document);
        var manifests = new ArrayList<Manifest>();
        for (int nodes : List.of(1, 2, 5))
            for (String type : List.of("L4", "A100", "H100", "T4", ""))
                manifests.add(of(Wish.PLAIN.gpus(nodes, 1, type).named("n" + nodes)));
        manifests.add(of(Wish.PLAIN.asConfigured()));
        manifests.add(Manifest.of(fullest(PLAIN.artifacts()), fullestSettings()));
        for (Manifest manifest : manifests) {
            assertEquals(List.of(), manifest.objections());
            assertEquals(List.of(), schema.faults(FakeVertex.CUSTOM_JOB, manifest.body()));
            assertEquals(List.of(), Judge.faults(manifest.body()));
        }
        ObjectNode wrong = manifests.getFirst().body().put("displayname", "x");
        assertEquals(1, schema.faults(FakeVertex.CUSTOM_JOB, wrong).size());
        wrong.withObject("/jobSpec/scheduling").put("strategy", "CHEAP");
        assertEquals(2, schema.faults(FakeVertex.CUSTOM_JOB, wrong).size());
        for (String accelerator : Machines.accelerators()) {
            var machine = Manifest.JSON.createObjectNode().put("acceleratorType", accelerator);
            assertEquals(List.of(), schema.faults("GoogleCloudAiplatformV1MachineSpec", machine), accelerator);
        }
    }
}
