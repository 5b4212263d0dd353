package io.trainyard.backend.kubeflow;

import io.trainyard.backend.cluster.Reply;
import io.trainyard.backend.pods.Metadata;
import io.trainyard.backend.pods.PodDefaults;
import io.trainyard.backend.pods.PodTemplate;
import io.trainyard.backend.pods.Workload;
import io.trainyard.spec.Container.Variable;
import io.trainyard.spec.JobSpec;
import io.trainyard.spec.Placement.TrainingRuntime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Attempts as TrainJobs of Kubeflow Trainer, for jobs that name a training runtime. What every release understands is
 * written the same for all; what a job wants of its pods besides, in the dialect of the cluster.
 */
public final class TrainJobWorkload implements Workload {
    private static final JsonMapper JSON = new JsonMapper();
    private static final String CONTAINER = "node";
    private static final String OWNER = "jobset.sigs.k8s.io/jobset-name";
    private static final String INDEX = "batch.kubernetes.io/job-completion-index";
    private static final Set<String> RUNTIME_KINDS = Set.of("ClusterTrainingRuntime", "TrainingRuntime");
    private static final Pattern NAME = Pattern.compile("[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?");
    /** Refused by the webhook, which sets them itself. */
    private static final Set<String> RESERVED =
            Set.of("PET_NNODES", "PET_NPROC_PER_NODE", "PET_NODE_RANK", "PET_MASTER_ADDR", "PET_MASTER_PORT");

    private final KubeflowSettings settings;
    private final Offer offer;
    private final Kind kind;

    public TrainJobWorkload(KubeflowSettings settings, Offer offer) {
        this.settings = settings;
        this.offer = offer;
        String[] parts = settings.trainJobVersion().split("/", 2);
        this.kind = new Kind(parts[0], parts[1], "TrainJob", "trainjobs");
    }

    @Override
    public Kind kind() {
        return kind;
    }

    @Override
    public boolean takes(JobSpec spec) {
        return spec.placement().runtime().isPresent();
    }

    @Override
    public String namespace(JobSpec spec) {
        return spec.placement().namespace().orElse(settings.namespace());
    }

    @Override
    public List<String> objections(JobSpec spec) {
        var objections = new ArrayList<String>();
        if (settings.asksTheCluster()) objections.addAll(PodTemplate.placeObjections(spec, settings.pods()));
        objections.addAll(Metadata.objections(spec));
        for (Variable variable : spec.container().environment())
            if (RESERVED.contains(variable.name()))
                objections.add("container.environment: \"%s\" is set by the training runtime; leave it out"
                        .formatted(variable.name()));
        TrainingRuntime runtime = spec.placement().runtime().orElseThrow();
        if (!RUNTIME_KINDS.contains(runtime.kind()))
            objections.add("placement.runtime.kind: \"%s\" is none; ClusterTrainingRuntime or TrainingRuntime"
                    .formatted(runtime.kind()));
        if (!NAME.matcher(runtime.name()).matches()
                || !NAME.matcher(runtime.apiGroup()).matches())
            objections.add(
                    "placement.runtime: \"%s\" of \"%s\" is no name that Kubernetes takes; use small letters, digits, dots and dashes"
                            .formatted(runtime.name(), runtime.apiGroup()));
        return objections;
    }

    @Override
    public List<String> warnings(JobSpec spec) {
        var warnings = new ArrayList<String>();
        if (!settings.asksTheCluster()) return warnings;
        Dialect dialect = offer.dialect();
        if (!settings.pods().imagePullSecrets().isEmpty() && !dialect.offers("imagePullSecrets"))
            warnings.add(
                    "this release of Kubeflow Trainer takes no image pull secrets of a job: name them in the training"
                            + " runtime or its service account");
        if (spec.policy().grace().isPresent() && !dialect.offers("terminationGracePeriodSeconds"))
            warnings.add(
                    "policy.grace_seconds: this release of Kubeflow Trainer takes none of a job; what the training runtime says counts");
        return warnings;
    }

    @Override
    public List<String> examine(JobSpec spec) {
        if (!offer.installed(kind))
            return List.of(
                    "placement.backends: this cluster has no Kubeflow Trainer (no TrainJob of %s); install it, or choose the backend kubernetes"
                            .formatted(kind.apiVersion()));
        offer.learn(kind);
        var objections = new ArrayList<String>();
        TrainingRuntime runtime = spec.placement().runtime().orElseThrow();
        if (!offer.has(runtime, kind.version(), namespace(spec))) {
            var others = offer.others(runtime, kind.version(), namespace(spec));
            objections.add("placement.runtime.name: this cluster has no %s \"%s\"; %s; ours are in deploy/kubeflow"
                    .formatted(
                            runtime.kind(),
                            runtime.name(),
                            others.isEmpty()
                                    ? "it has none that may be seen"
                                    : "there are " + String.join(", ", others)));
        }
        if (!offer.dialect().offers("affinity") && !plain(template(spec).affinity()))
            objections.add(
                    "resources.gpu_type, placement.spot: this release of Kubeflow Trainer chooses nodes by one value of each label, and here there are more; "
                            + "name one label and value for the type in trainyard.kubernetes.gpu-types, or update Kubeflow Trainer to 2.1");
        return objections;
    }

    @Override
    public boolean misdrawn(Reply.Refused refused) {
        return refused.message().contains("unknown field \"spec.") && offer.relearn(kind);
    }

    private PodTemplate template(JobSpec spec) {
        return new PodTemplate(spec, new Naming("", "", "", Map.of(), Map.of(), false), settings.pods());
    }

    @Override
    public Drawing draw(JobSpec spec, Naming naming) {
        ObjectNode job =
                JSON.createObjectNode().put("apiVersion", kind.apiVersion()).put("kind", kind.kind());
        job.set("metadata", Metadata.of(spec, naming));
        ObjectNode body = job.putObject("spec");
        TrainingRuntime runtime = spec.placement().runtime().orElseThrow();
        body.putObject("runtimeRef")
                .put("name", runtime.name())
                .put("kind", runtime.kind())
                .put("apiGroup", runtime.apiGroup());
        var template = new PodTemplate(spec, naming, settings.pods());
        body.set("trainer", trainer(spec, template));
        Dialect dialect = offer.dialect();
        if (dialect.deadline()) Metadata.deadline(spec, body);
        dialect.say(body, pod(template, dialect));
        return new Drawing(job, List.of());
    }

    /** Whole: what an older release is not told, it makes up, and without any of it no node learns its rank. */
    private ObjectNode trainer(JobSpec spec, PodTemplate template) {
        ObjectNode container = template.container(CONTAINER);
        ObjectNode trainer = JSON.createObjectNode();
        spec.container().image().or(settings.pods()::image).ifPresent(image -> trainer.put("image", image));
        ArrayNode command = words(container.path("command"));
        if (command.isEmpty() && !spec.container().arguments().isEmpty()) program(spec, command);
        if (!command.isEmpty()) trainer.set("command", command);
        if (!spec.container().arguments().isEmpty()) trainer.set("args", container.path("args"));
        trainer.set("env", container.path("env"));
        trainer.put("numNodes", spec.resources().nodes());
        trainer.put("numProcPerNode", spec.resources().processesPerNode());
        trainer.set("resourcesPerNode", container.path("resources"));
        return trainer;
    }

    private static ArrayNode words(JsonNode list) {
        ArrayNode words = JSON.createArrayNode();
        list.forEach(words::add);
        return words;
    }

    /** Arguments alone are for the program that the published services put before them. */
    private static void program(JobSpec spec, ArrayNode command) {
        switch (spec.framework()) {
            case META -> command.add("torchrun");
            case UNSLOTH -> command.add("accelerate");
            case HF, NEMO, ULTRALYTICS, TIMM, CUSTOM -> {} // the image's own entry point takes them
        }
    }

    private ObjectNode pod(PodTemplate template, Dialect dialect) {
        ObjectNode pod = template.pod(CONTAINER, "Never");
        ObjectNode container = JSON.createObjectNode().put("name", CONTAINER);
        container.set("volumeMounts", template.mounts());
        if (settings.pods().security() == PodDefaults.Security.RESTRICTED)
            container.set("securityContext", PodTemplate.containerSecurity());
        pod.putArray("containers").add(container);
        if (!dialect.offers("affinity") && pod.has("affinity")) select(pod);
        return pod;
    }

    /** The same by the means that every release has; that it can be said so was made sure of before. */
    private static void select(ObjectNode pod) {
        JsonNode affinity = pod.path("affinity");
        if (!plain(affinity)) return;
        ObjectNode selector = pod.withObject("/nodeSelector");
        for (JsonNode each : terms(affinity).path(0).path("matchExpressions"))
            selector.put(each.path("key").asString(""), each.at("/values/0").asString(""));
    }

    /** Whether a node selector says the same. */
    private static boolean plain(JsonNode affinity) {
        JsonNode terms = terms(affinity);
        if (terms.size() > 1) return false;
        for (JsonNode each : terms.path(0).path("matchExpressions"))
            if (each.path("values").size() != 1) return false;
        return true;
    }

    private static JsonNode terms(JsonNode affinity) {
        return affinity.at("/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms");
    }

    @Override
    public Phase phase(JsonNode job) {
        return Phase.of(job, kind, "Complete");
    }

    /** Pods that fetch data and models first have ranks of their own, which are not the nodes'. */
    @Override
    public String podSelector() {
        return OWNER + ",jobset.sigs.k8s.io/replicatedjob-name=" + Dialect.TRAINER_STEP;
    }

    @Override
    public String ownerLabel() {
        return OWNER;
    }

    /** The Job of the JobSet, which has the name of the TrainJob. */
    @Override
    public List<String> between(String object) {
        return List.of(object + "-" + Dialect.TRAINER_STEP + "-0");
    }

    @Override
    public int rank(Map<String, String> podLabels) {
        return Workload.index(podLabels, INDEX);
    }

    @Override
    public String container() {
        return CONTAINER;
    }
}
