package io.trainyard.backend.kubernetes;

import io.trainyard.backend.pods.Depth;
import io.trainyard.backend.pods.Metadata;
import io.trainyard.backend.pods.Names;
import io.trainyard.backend.pods.PodTemplate;
import io.trainyard.backend.pods.Workload;
import io.trainyard.spec.JobSpec;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Attempts as batch/v1 Jobs; several nodes are an Indexed Job behind a headless Service. */
public final class JobWorkload implements Workload {
    public static final String NAME = "kubernetes";
    private static final JsonMapper JSON = new JsonMapper();
    private static final Kind KIND = new Kind("batch", "v1", "Job", "jobs");
    private static final Kind SERVICE = new Kind("", "v1", "Service", "services");
    private static final String CONTAINER = "trainer";
    private static final String OWNER = "batch.kubernetes.io/job-name";
    private static final String INDEX = "batch.kubernetes.io/job-completion-index";
    private static final String MASTER_PORT = "29500";
    private final KubernetesSettings settings;

    public JobWorkload(KubernetesSettings settings) {
        this.settings = settings;
    }

    /** Where the cluster is not asked, what is shown is what the published contract says. */
    private boolean published() {
        return settings.depth() == Depth.RENDER;
    }

    @Override
    public Kind kind() {
        return KIND;
    }

    @Override
    public String namespace(JobSpec spec) {
        return spec.placement().namespace().orElse(settings.namespace());
    }

    @Override
    public List<String> objections(JobSpec spec) {
        var objections = new ArrayList<String>(PodTemplate.objections(spec, settings.pods(), !published()));
        if (spec.resources().nodes() > 1 && published())
            objections.add("resources.nodes: %d, and a Kubernetes Job is one node here; ask for 1"
                    .formatted(spec.resources().nodes()));
        objections.addAll(Metadata.objections(spec));
        return objections;
    }

    @Override
    public Drawing draw(JobSpec spec, Naming naming) {
        if (published()) return new Drawing(JobManifest.of(spec, settings), List.of());
        int nodes = spec.resources().nodes();
        ObjectNode job =
                JSON.createObjectNode().put("apiVersion", KIND.apiVersion()).put("kind", KIND.kind());
        job.set("metadata", Metadata.of(spec, naming));
        ObjectNode body = job.putObject("spec");
        int backoff = settings.retention().backoffLimit();
        body.put("backoffLimit", backoff);
        body.put("podReplacementPolicy", "Failed");
        settings.retention().secondsAfterFinished().ifPresent(seconds -> body.put("ttlSecondsAfterFinished", seconds));
        Metadata.deadline(spec, body);
        String restarts = settings.restartPolicy().word;
        if (restarts.equals("Never")) body.set("podFailurePolicy", failurePolicy(backoff > 0 && nodes == 1));
        var template = new PodTemplate(spec, gang(naming, spec), settings.pods());
        ObjectNode pod = template.pod(CONTAINER, restarts);
        ObjectNode podMetadata = JSON.createObjectNode();
        podMetadata.set("labels", Metadata.labels(spec, naming));
        podMetadata.set("annotations", Metadata.ofPods(spec));
        body.putObject("template").set("metadata", podMetadata);
        ((ObjectNode) body.path("template")).set("spec", pod);
        if (nodes == 1) return new Drawing(job, List.of());
        body.put("completionMode", "Indexed").put("completions", nodes).put("parallelism", nodes);
        pod.put("subdomain", naming.name());
        nodeRank((ArrayNode) pod.at("/containers/0/env"));
        return new Drawing(job, List.of(new Companion(SERVICE, service(naming))));
    }

    /**
     * An interrupted pod is the end of the attempt, said as such, and we make the next one; where the operator lets the
     * cluster start pods again, an interruption is not counted against them.
     */
    private static ObjectNode failurePolicy(boolean clusterRetries) {
        ObjectNode policy = JSON.createObjectNode();
        policy.putArray("rules")
                .addObject()
                .put("action", clusterRetries ? "Ignore" : "FailJob")
                .putArray("onPodConditions")
                .addObject()
                .put("type", "DisruptionTarget")
                .put("status", "True");
        return policy;
    }

    /** What torchrun reads where its arguments say nothing, but for the rank. */
    private static Naming gang(Naming naming, JobSpec spec) {
        int nodes = spec.resources().nodes();
        if (nodes * spec.resources().processesPerNode() == 1) return naming;
        var variables = new HashMap<String, String>();
        variables.put("PET_NNODES", Integer.toString(nodes));
        variables.put("PET_NPROC_PER_NODE", Integer.toString(spec.resources().processesPerNode()));
        if (nodes > 1) {
            String master = "%s-0.%s".formatted(naming.name(), naming.name());
            variables.put("MASTER_ADDR", master);
            variables.put("MASTER_PORT", MASTER_PORT);
            variables.put("PET_MASTER_ADDR", master);
            variables.put("PET_MASTER_PORT", MASTER_PORT);
        }
        return naming.with(variables);
    }

    private static void nodeRank(ArrayNode environment) {
        environment
                .addObject()
                .put("name", "PET_NODE_RANK")
                .putObject("valueFrom")
                .putObject("fieldRef")
                .put("fieldPath", "metadata.annotations['" + INDEX + "']");
    }

    private static ObjectNode service(Naming naming) {
        ObjectNode service = JSON.createObjectNode().put("apiVersion", "v1").put("kind", SERVICE.kind());
        ObjectNode metadata =
                service.putObject("metadata").put("name", naming.name()).put("namespace", naming.namespace());
        new TreeMap<>(naming.labels()).forEach(metadata.putObject("labels")::put);
        ObjectNode body = service.putObject("spec").put("clusterIP", "None");
        // They look for each other before any of them is ready.
        body.put("publishNotReadyAddresses", true);
        body.putObject("selector").put(OWNER, naming.name());
        return service;
    }

    @Override
    public Phase phase(JsonNode job) {
        return Phase.of(job, KIND, "Complete");
    }

    @Override
    public String podSelector() {
        return Names.MANAGED_BY + "=" + Names.OURS + "," + OWNER;
    }

    @Override
    public String ownerLabel() {
        return OWNER;
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
