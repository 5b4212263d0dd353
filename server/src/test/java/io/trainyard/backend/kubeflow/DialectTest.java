package io.trainyard.backend.kubeflow;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.backend.cluster.Reply;
import io.trainyard.backend.kubeflow.Dialect.Form;
import io.trainyard.backend.pods.Depth;
import io.trainyard.backend.pods.PodDefaults;
import io.trainyard.backend.pods.Workload.Naming;
import io.trainyard.job.SomeJob;
import io.trainyard.spec.Container;
import io.trainyard.spec.JobSpec;
import io.trainyard.spec.Placement;
import io.trainyard.spec.Placement.TrainingRuntime;
import io.trainyard.spec.Resources;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Fixture: the schemas of releases that the test cluster does not run, cut down to what is asked of them. */
class DialectTest {
    private static final JsonMapper JSON = new JsonMapper();
    private static final String CRD =
            "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/trainjobs.trainer.kubeflow.org";
    private static final String OPENAPI = "/openapi/v3/apis/trainer.kubeflow.org/v1alpha1";
    private static final Set<String> FIELDS_2_1 = Set.of("tolerations", "affinity", "containers.volumeMounts");

    /** What the API server answers to these paths, and 404 to others. */
    private final Map<String, Reply> answers = new HashMap<>();

    private final List<String> asked = new ArrayList<>();

    private Offer offer(Optional<Dialect> told) {
        return new Offer(
                path -> {
                    asked.add(path);
                    return answers.getOrDefault(path, refused(404, "not found"));
                },
                () -> Instant.EPOCH,
                told);
    }

    private static Reply refused(int status, String message) {
        return new Reply.Refused(status, "", message);
    }

    private static ObjectNode object(String... path) {
        ObjectNode root = JSON.createObjectNode();
        ObjectNode at = root;
        for (String name : path) at = at.putObject(name);
        return root;
    }

    /** The properties of a TrainJob's spec, in which pods may be told these fields. */
    private static ObjectNode schema(String release, String... fields) {
        String[] pod = switch (release) {
            case "2.0" -> new String[] {"podSpecOverrides", "items", "properties"};
            case "2.1" -> new String[] {"podTemplateOverrides", "items", "properties", "spec", "properties"};
            default ->
                ("runtimePatches items properties trainingRuntimeSpec properties template properties spec properties "
                                + "replicatedJobs items properties template properties spec properties template properties "
                                + "spec properties")
                        .split(" ");
        };
        ObjectNode spec = object(pod);
        ObjectNode at = (ObjectNode) spec.at("/" + String.join("/", pod));
        for (String field : fields) {
            if (field.startsWith("containers."))
                at.withObject("/containers/items/properties").putObject(field.substring("containers.".length()));
            else at.putObject(field);
        }
        return spec;
    }

    private static Reply crd(ObjectNode properties) {
        ObjectNode crd = JSON.createObjectNode();
        ObjectNode version =
                crd.putObject("spec").putArray("versions").addObject().put("name", "v1alpha1");
        version.withObject("/schema/openAPIV3Schema/properties/spec").set("properties", properties);
        return new Reply.Ok(crd);
    }

    private static TrainJobWorkload trainJobs(Offer offer) {
        var settings = new KubeflowSettings(
                "jobs", PodDefaults.NONE, Depth.APPLY, "trainer.kubeflow.org/v1alpha1", Optional.empty());
        return new TrainJobWorkload(settings, offer);
    }

    private static JobSpec spec() {
        JobSpec plain = SomeJob.PLAIN.spec();
        return new JobSpec(
                plain.name(),
                plain.framework(),
                plain.model(),
                plain.datasets(),
                plain.method(),
                plain.hyperparameters(),
                new Resources(2, 4, Optional.of("H100"), 8, 64, Optional.of(4)),
                plain.artifacts(),
                new Container(Optional.of("trainer:1"), List.of("python", "train.py"), List.of(), List.of()),
                plain.labels(),
                plain.annotations(),
                plain.webhooks(),
                new Placement(
                        List.of(),
                        false,
                        Optional.empty(),
                        Optional.of(TrainingRuntime.named("nemo-runtime")),
                        Optional.empty(),
                        false,
                        Map.of()),
                plain.policy(),
                plain.extra());
    }

    private static JsonNode drawn(TrainJobWorkload workload) {
        var naming = new Naming("n", "jobs", "n-secrets", Map.of("a", "b"), Map.of(), false);
        return workload.draw(spec(), naming).object().path("spec");
    }

    @ParameterizedTest
    @CsvSource({
        "2.0, /podSpecOverrides/0, /podSpecOverrides/0/targetJobs/0/name",
        "2.1, /podTemplateOverrides/0/spec, /podTemplateOverrides/0/targetJobs/0/name",
        "2.2, /runtimePatches/0/trainingRuntimeSpec/template/spec/replicatedJobs/0/template/spec/template/spec, /runtimePatches/0/trainingRuntimeSpec/template/spec/replicatedJobs/0/name",
        "2.3, /runtimePatches/0/trainingRuntimeSpec/template/spec/replicatedJobs/0/template/spec/template/spec, /runtimePatches/0/trainingRuntimeSpec/template/spec/replicatedJobs/0/name"
    })
    void every_release_is_told_the_same_in_its_own_place(String release, String pod, String step) {
        JsonNode spec = drawn(trainJobs(offer(Dialect.named(release))));
        assertEquals("node", spec.at(step).asString(), spec.toPrettyString());
        assertEquals("nvidia.com/gpu", spec.at(pod + "/tolerations/0/key").asString(), spec.toPrettyString());
        assertEquals("dshm", spec.at(pod + "/containers/0/volumeMounts/0/name").asString());
        assertEquals(!release.equals("2.0"), spec.at(pod).has("affinity"));
        assertEquals(release.equals("2.3"), spec.at(pod).has("terminationGracePeriodSeconds"));
        assertEquals(
                release.startsWith("2.2") || release.startsWith("2.3"),
                spec.at(pod).has("securityContext"));
    }

    @ParameterizedTest
    @CsvSource({"2.0", "2.1", "2.2", "2.3"})
    void what_all_releases_understand_alike_is_written_alike(String release) {
        JsonNode spec = drawn(trainJobs(offer(Dialect.named(release))));
        JsonNode trainer = spec.path("trainer");
        assertEquals("nemo-runtime", spec.at("/runtimeRef/name").asString());
        assertEquals("ClusterTrainingRuntime", spec.at("/runtimeRef/kind").asString());
        assertEquals(2, trainer.path("numNodes").asInt());
        assertTrue(trainer.path("numProcPerNode").isInt());
        assertEquals(4, trainer.path("numProcPerNode").asInt());
        assertEquals(
                "4",
                trainer.at("/resourcesPerNode/limits").path("nvidia.com/gpu").asString());
        assertEquals("64Gi", trainer.at("/resourcesPerNode/requests/memory").asString());
        assertFalse(spec.has("suspend"));
    }

    @Test
    void the_release_is_known_by_what_its_schema_offers() {
        answers.put(CRD, crd(schema("2.1", FIELDS_2_1.toArray(String[]::new))));
        Offer offer = offer(Optional.empty());
        offer.learn(trainJobs(offer).kind());
        offer.learn(trainJobs(offer).kind());
        assertEquals(new Dialect(Form.POD_TEMPLATE_OVERRIDES, FIELDS_2_1, false), plain(offer.dialect()));
        assertEquals(List.of(CRD), asked);
    }

    /** Without the containers themselves, which a schema names along with what may be said of them. */
    private static Dialect plain(Dialect dialect) {
        var fields = new HashSet<>(dialect.fields());
        fields.remove("containers");
        return new Dialect(dialect.form(), fields, dialect.deadline());
    }

    @Test
    void where_definitions_may_not_be_read_what_everybody_may_read_says_the_same() {
        ObjectNode openapi = JSON.createObjectNode();
        ObjectNode schema = openapi.withObject("/components/schemas/io.kubeflow.TrainJob");
        schema.putArray("x-kubernetes-group-version-kind").addObject().put("kind", "TrainJob");
        schema.withObject("/properties/spec").set("properties", schema("2.0", "tolerations"));
        answers.put(CRD, refused(403, "forbidden"));
        answers.put(OPENAPI, new Reply.Ok(openapi));
        Offer offer = offer(Optional.empty());
        offer.learn(trainJobs(offer).kind());
        assertEquals(Form.POD_SPEC_OVERRIDES, offer.dialect().form());
    }

    @Test
    void an_update_of_the_cluster_is_noticed_by_what_it_refuses() {
        answers.put(CRD, crd(schema("2.1", "tolerations")));
        Offer offer = offer(Optional.empty());
        TrainJobWorkload workload = trainJobs(offer);
        offer.learn(workload.kind());
        answers.put(CRD, crd(schema("2.2", "tolerations")));
        var refused = new Reply.Refused(400, "", "strict decoding error: unknown field \"spec.podTemplateOverrides\"");
        assertTrue(workload.misdrawn(refused));
        assertTrue(drawn(workload).has("runtimePatches"));
        assertFalse(workload.misdrawn(refused), "nothing else is known to try");
    }

    @Test
    void where_no_schema_can_be_read_older_releases_are_tried_one_after_another() {
        Offer offer = offer(Optional.empty());
        TrainJobWorkload workload = trainJobs(offer);
        var refused = new Reply.Refused(400, "", "unknown field \"spec.runtimePatches\"");
        assertTrue(drawn(workload).has("runtimePatches"));
        assertTrue(workload.misdrawn(refused));
        assertTrue(drawn(workload).has("podTemplateOverrides"));
        assertTrue(workload.misdrawn(refused));
        assertTrue(drawn(workload).has("podSpecOverrides"));
        assertFalse(workload.misdrawn(refused));
    }

    @Test
    void the_operators_word_is_the_last_one() {
        Offer offer = offer(Dialect.named("2.0"));
        assertFalse(offer.relearn(trainJobs(offer).kind()));
        assertEquals(List.of(), asked);
    }

    @Test
    void a_cluster_without_the_operator_is_no_place_for_the_job() {
        answers.put("/apis/trainer.kubeflow.org/v1alpha1", refused(404, "not found"));
        List<String> objections = trainJobs(offer(Optional.empty())).examine(spec());
        assertTrue(objections.getFirst().contains("has no Kubeflow Trainer"), objections.toString());
        var pytorch = new PyTorchJobWorkload(KubeflowSettings.rendering("jobs"), offer(Optional.empty()));
        assertTrue(pytorch.examine(spec()).getFirst().contains("has no Kubeflow training operator"));
    }

    @Test
    void an_old_release_is_no_place_for_a_gpu_with_many_names() {
        answers.put("/apis/trainer.kubeflow.org/v1alpha1", new Reply.Ok(trainJobsAreThere()));
        answers.put(
                "/apis/trainer.kubeflow.org/v1alpha1/clustertrainingruntimes/nemo-runtime",
                new Reply.Ok(JSON.createObjectNode()));
        List<String> objections = trainJobs(offer(Dialect.named("2.0"))).examine(spec());
        assertTrue(objections.getFirst().startsWith("resources.gpu_type, placement.spot: "), objections.toString());
        assertEquals(List.of(), trainJobs(offer(Dialect.named("2.1"))).examine(spec()));
    }

    private static ObjectNode trainJobsAreThere() {
        ObjectNode group = JSON.createObjectNode();
        group.putArray("resources").addObject().put("name", "trainjobs");
        return group;
    }
}
