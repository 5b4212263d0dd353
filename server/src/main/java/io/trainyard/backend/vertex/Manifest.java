package io.trainyard.backend.vertex;

import io.trainyard.backend.vertex.Machines.Machine;
import io.trainyard.spec.Container.Variable;
import io.trainyard.spec.Dataset;
import io.trainyard.spec.JobSpec;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** A job as the body of a CustomJob: rendered from the spec and the settings alone, without the labels of an attempt. */
final class Manifest {
    static final JsonMapper JSON = JsonMapper.builder().build();
    /** With the value {@link #CONFIGURED}: the machine, accelerators and replicas of the settings, whatever it asks for. */
    static final String MACHINE = "trainyard.vertex/machine";

    static final String CONFIGURED = "configured";
    /** What a variable's name is followed by that holds the name of a secret and not the secret. */
    static final String SECRET_NAME = "_SECRET_NAME";

    private static final int MAX_NAME_CHARACTERS = 128;
    private static final int MAX_VARIABLES = 100;

    private final JobSpec spec;
    private final VertexSettings settings;
    private final List<String> objections = new ArrayList<>();
    private final List<String> warnings = new ArrayList<>();
    private final ObjectNode body = JSON.createObjectNode();

    private Manifest(JobSpec spec, VertexSettings settings) {
        this.spec = spec;
        this.settings = settings;
    }

    static Manifest of(JobSpec spec, VertexSettings settings) {
        var manifest = new Manifest(spec, settings);
        manifest.fill();
        return manifest;
    }

    List<String> objections() {
        return List.copyOf(objections);
    }

    List<String> warnings() {
        return List.copyOf(warnings);
    }

    /** What is posted, still without the labels that name the attempt. */
    ObjectNode body() {
        return body.deepCopy();
    }

    String text() {
        return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(body);
    }

    private void fill() {
        if (settings.project().id().isEmpty())
            objections.add("placement.backends: Set VERTEX_PROJECT (or PROJECT_ID) for Vertex submissions");
        body.put("displayName", displayName());
        var changed = new ArrayList<String>();
        Map<String, String> labels = Labels.written(spec.labels(), changed);
        if (!changed.isEmpty())
            warnings.add("labels: %s cannot be written as they are on Vertex AI (a-z, 0-9, _ and -, 63 characters)"
                    .formatted(String.join(", ", changed)));
        if (!labels.isEmpty()) labels.forEach(body.putObject("labels")::put);
        ObjectNode jobSpec = body.putObject("jobSpec");
        pools(jobSpec.putArray("workerPoolSpecs"));
        scheduling(jobSpec.putObject("scheduling"));
        settings.project().serviceAccount().ifPresent(account -> jobSpec.put("serviceAccount", account));
        settings.project().network().ifPresent(network -> jobSpec.put("network", network));
        output().ifPresent(uri -> jobSpec.putObject("baseOutputDirectory").put("outputUriPrefix", uri));
        datasets();
    }

    private String displayName() {
        String name = spec.name();
        int characters = name.codePointCount(0, name.length());
        if (characters <= MAX_NAME_CHARACTERS) return name;
        warnings.add("name: %d characters are cut to %d on Vertex AI".formatted(characters, MAX_NAME_CHARACTERS));
        return name.substring(0, name.offsetByCodePoints(0, MAX_NAME_CHARACTERS));
    }

    /** The first pool is one machine, the second all further ones; both alike. */
    private void pools(ArrayNode pools) {
        boolean configured = configured();
        int nodes =
                configured ? settings.defaults().replicas() : spec.resources().nodes();
        ObjectNode machine = configured ? configuredMachine() : askedMachine();
        ObjectNode container = container();
        pool(pools.addObject(), machine, 1, container);
        if (nodes > 1) pool(pools.addObject(), machine, nodes - 1, container);
    }

    /** Counts of 64 bits are texts in the service's JSON. */
    private static void pool(ObjectNode pool, ObjectNode machine, int replicas, ObjectNode container) {
        pool.set("machineSpec", machine.deepCopy());
        pool.put("replicaCount", Integer.toString(replicas));
        pool.set("containerSpec", container.deepCopy());
    }

    private boolean configured() {
        String asked = spec.annotations().get(MACHINE);
        if (asked != null && !asked.equals(CONFIGURED))
            objections.add("annotations.%s: \"%s\" is not understood; say %s, or leave it out"
                    .formatted(MACHINE, asked, CONFIGURED));
        return CONFIGURED.equals(asked);
    }

    private ObjectNode configuredMachine() {
        var defaults = settings.defaults();
        Machines.mismatch(defaults.machineType(), defaults.accelerator(), defaults.accelerators())
                .ifPresent(why -> objections.add(
                        "placement.backends: %d x %s does not go with %s: %s; set VERTEX_MACHINE_TYPE, VERTEX_ACCELERATOR_TYPE and VERTEX_ACCELERATOR_COUNT to what belongs together"
                                .formatted(
                                        defaults.accelerators(), defaults.accelerator(), defaults.machineType(), why)));
        return machine(defaults.machineType(), defaults.accelerator(), defaults.accelerators());
    }

    private ObjectNode askedMachine() {
        var asked = spec.resources();
        String accelerator = Machines.NONE;
        if (asked.gpus() > 0) {
            Optional<String> known = asked.gpuType()
                    .map(Machines::accelerator)
                    .orElse(Optional.of(settings.defaults().accelerator()));
            if (known.isEmpty()) {
                objections.add("resources.gpu_type: \"%s\" is not offered by Vertex AI; one of %s"
                        .formatted(asked.gpuType().orElse(""), String.join(", ", Machines.accelerators())));
                return JSON.createObjectNode();
            }
            accelerator = known.get();
        }
        Optional<Machine> fits = Machines.smallest(accelerator, asked.gpus(), asked.cpus(), asked.memoryGib());
        Optional<Machine> machine = fits.or(fallback(accelerator));
        if (machine.isEmpty()) return JSON.createObjectNode();
        return machine(
                machine.get().type(), machine.get().accelerator(), machine.get().count());
    }

    /** With GPUs, their number is what counts: the largest machine that has it, with a warning for the rest. */
    private Supplier<Optional<Machine>> fallback(String accelerator) {
        return () -> {
            var asked = spec.resources();
            Optional<Machine> largest = Machines.largest(accelerator, asked.gpus());
            if (asked.gpus() == 0) {
                objections.add("resources: %d CPUs and %d GiB are more than any machine without GPUs has; ask for less"
                        .formatted(asked.cpus(), asked.memoryGib()));
                return Optional.empty();
            }
            if (largest.isEmpty())
                objections.add("resources.gpus: %d x %s on one machine is not offered by Vertex AI; one of %s"
                        .formatted(asked.gpus(), accelerator, Machines.counts(accelerator)));
            else
                warnings.add(
                        "resources: %d CPUs and %d GiB are asked for; %s, the largest machine with %d x %s, has %d and %d"
                                .formatted(
                                        asked.cpus(),
                                        asked.memoryGib(),
                                        largest.get().type(),
                                        asked.gpus(),
                                        accelerator,
                                        largest.get().cpus(),
                                        largest.get().memoryGib()));
            return largest;
        };
    }

    private static ObjectNode machine(String type, String accelerator, int count) {
        ObjectNode machine = JSON.createObjectNode().put("machineType", type);
        if (count > 0) machine.put("acceleratorType", accelerator).put("acceleratorCount", count);
        return machine;
    }

    private ObjectNode container() {
        var asked = spec.container();
        Optional<String> image = asked.image().or(() -> settings.defaults().image());
        if (image.isEmpty()) objections.add("container.image: Set VERTEX_IMAGE_URI to the trainer container image");
        ObjectNode container = JSON.createObjectNode().put("imageUri", image.orElse(""));
        if (!asked.command().isEmpty()) asked.command().forEach(container.putArray("command")::add);
        if (!asked.arguments().isEmpty()) asked.arguments().forEach(container.putArray("args")::add);
        var variables = variables();
        if (variables.size() > MAX_VARIABLES)
            objections.add(
                    "container.environment: %d variables are more than the %d that Vertex AI takes; leave some out"
                            .formatted(variables.size(), MAX_VARIABLES));
        if (!variables.isEmpty()) {
            ArrayNode list = container.putArray("env");
            variables.forEach(
                    (name, value) -> list.addObject().put("name", name).put("value", value));
        }
        return container;
    }

    private Map<String, String> variables() {
        var variables = new LinkedHashMap<String, String>();
        for (Variable variable : spec.container().environment())
            switch (variable) {
                case Variable.Plain plain -> variables.put(plain.name(), verbatim(plain.value()));
                case Variable.Secret secret -> secret(variables, secret.name());
                case Variable.FromCluster _ -> {} // no cluster of ours
            }
        for (Dataset dataset : spec.datasets())
            for (String field : dataset.credentials().keySet()) secret(variables, field.toUpperCase(Locale.ROOT));
        if (spec.model().token().isPresent()) secret(variables, "HF_TOKEN");
        return variables;
    }

    /**
     * Whoever may read a custom job reads its environment, so a secret never goes there: the name of one in Secret
     * Manager does, which the container opens as its service account.
     */
    private void secret(Map<String, String> variables, String name) {
        if (variables.containsKey(name) || variables.containsKey(name + SECRET_NAME)) return;
        String kept = settings.defaults().secrets().get(name);
        if (kept != null) {
            variables.put(name + SECRET_NAME, kept);
            return;
        }
        String said =
                "container.environment: %s is a secret, which is not written into a custom job; keep it in Secret Manager and name it with trainyard.vertex.secrets = %s=projects/P/secrets/S/versions/latest"
                        .formatted(name, name);
        Set<String> where = Set.copyOf(settings.submit() ? objections : warnings);
        if (where.contains(said)) return;
        if (settings.submit()) objections.add(said);
        else warnings.add(said);
    }

    /** {@code $(NAME)} would be expanded by the service. */
    private static String verbatim(String value) {
        return value.replace("$(", "$$(");
    }

    private void scheduling(ObjectNode scheduling) {
        // Counting attempts is ours: the service would restart a failing job up to three times.
        scheduling.put("disableRetries", true);
        spec.policy().maxDuration().ifPresent(limit -> scheduling.put("timeout", limit.toSeconds() + "s"));
        if (spec.placement().spot()) scheduling.put("strategy", "SPOT");
    }

    /** The container finds it as {@code AIP_CHECKPOINT_DIR} and {@code AIP_MODEL_DIR}; the same for every attempt. */
    private Optional<String> output() {
        var artifacts = spec.artifacts();
        return artifacts.outputUri().or(() -> artifacts.checkpoints().uri()).filter(uri -> uri.startsWith("gs://"));
    }

    private void datasets() {
        for (int i = 0; i < spec.datasets().size(); i++) {
            String source = spec.datasets().get(i).source();
            if (source.startsWith("/") || source.startsWith("file:"))
                objections.add(
                        "datasets[%d].source: \"%s\" lies on this machine, which Vertex AI cannot read; copy it to a bucket and give its gs:// address"
                                .formatted(i, source));
        }
    }
}
