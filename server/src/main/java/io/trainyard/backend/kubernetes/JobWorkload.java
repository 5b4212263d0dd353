package io.trainyard.backend.kubernetes;

import io.trainyard.backend.cluster.Times;
import io.trainyard.backend.pods.Depth;
import io.trainyard.backend.pods.Kueue;
import io.trainyard.backend.pods.Names;
import io.trainyard.backend.pods.PodTemplate;
import io.trainyard.backend.pods.Workload;
import io.trainyard.spec.JobSpec;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;
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
    /** Our own clock stops a job at its limit: the cluster's also counts the time it waits for machines. */
    private static final long DEADLINE_SLACK_SECONDS = 24 * 3600;

    private static final Pattern LABEL_VALUE = Pattern.compile("(?:[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?");
    private static final Pattern LABEL_NAME =
            Pattern.compile("(?:[a-z0-9.-]{1,253}/)?[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?");

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
        spec.labels().forEach((name, value) -> {
            if (!LABEL_NAME.matcher(name).matches()
                    || !LABEL_VALUE.matcher(value).matches())
                objections.add(
                        "labels: \"%s\" = \"%s\" is no label that Kubernetes takes; use letters, digits, dots, dashes and underscores, at most 63"
                                .formatted(name, value));
        });
        return objections;
    }

    @Override
    public List<String> warnings(JobSpec spec) {
        return List.of();
    }

    @Override
    public Drawing draw(JobSpec spec, Naming naming) {
        if (published()) return new Drawing(JobManifest.of(spec, settings), List.of());
        int nodes = spec.resources().nodes();
        ObjectNode job =
                JSON.createObjectNode().put("apiVersion", KIND.apiVersion()).put("kind", KIND.kind());
        job.set("metadata", metadata(spec, naming, naming.name()));
        ObjectNode body = job.putObject("spec");
        int backoff = settings.retention().backoffLimit();
        body.put("backoffLimit", backoff);
        body.put("podReplacementPolicy", "Failed");
        settings.retention().secondsAfterFinished().ifPresent(seconds -> body.put("ttlSecondsAfterFinished", seconds));
        spec.policy()
                .maxDuration()
                .ifPresent(limit -> body.put("activeDeadlineSeconds", limit.toSeconds() + DEADLINE_SLACK_SECONDS));
        String restarts = settings.restartPolicy().word;
        if (restarts.equals("Never")) body.set("podFailurePolicy", failurePolicy(backoff > 0 && nodes == 1));
        var template = new PodTemplate(spec, gang(naming, spec), settings.pods());
        ObjectNode pod = template.pod(CONTAINER, restarts);
        ObjectNode podMetadata = JSON.createObjectNode();
        podMetadata.set("labels", labels(spec, naming));
        podMetadata.set("annotations", podAnnotations(spec));
        body.putObject("template").set("metadata", podMetadata);
        ((ObjectNode) body.path("template")).set("spec", pod);
        if (nodes == 1) return new Drawing(job, List.of());
        body.put("completionMode", "Indexed").put("completions", nodes).put("parallelism", nodes);
        pod.put("subdomain", naming.name());
        nodeRank((ArrayNode) pod.at("/containers/0/env"));
        return new Drawing(job, List.of(new Companion(SERVICE, service(naming))));
    }

    private static ObjectNode metadata(JobSpec spec, Naming naming, String name) {
        ObjectNode metadata = JSON.createObjectNode().put("name", name).put("namespace", naming.namespace());
        ObjectNode labels = labels(spec, naming);
        spec.placement().queue().ifPresent(queue -> labels.put(Kueue.QUEUE, queue));
        metadata.set("labels", labels);
        if (!spec.annotations().isEmpty())
            new TreeMap<>(spec.annotations()).forEach(metadata.putObject("annotations")::put);
        return metadata;
    }

    private static ObjectNode labels(JobSpec spec, Naming naming) {
        ObjectNode labels = JSON.createObjectNode();
        new TreeMap<>(spec.labels()).forEach(labels::put);
        new TreeMap<>(naming.labels()).forEach(labels::put);
        return labels;
    }

    /** Scaling down and tidying nodes up are no reasons to lose hours of training; the job may see it otherwise. */
    private static ObjectNode podAnnotations(JobSpec spec) {
        ObjectNode annotations = JSON.createObjectNode()
                .put("cluster-autoscaler.kubernetes.io/safe-to-evict", "false")
                .put("karpenter.sh/do-not-disrupt", "true")
                .put("sidecar.istio.io/inject", "false");
        new TreeMap<>(spec.annotations()).forEach(annotations::put);
        return annotations;
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
        var variables = new HashMap<>(naming.variables());
        variables.put("PET_NNODES", Integer.toString(nodes));
        variables.put("PET_NPROC_PER_NODE", Integer.toString(spec.resources().processesPerNode()));
        if (nodes > 1) {
            String master = "%s-0.%s".formatted(naming.name(), naming.name());
            variables.put("MASTER_ADDR", master);
            variables.put("MASTER_PORT", MASTER_PORT);
            variables.put("PET_MASTER_ADDR", master);
            variables.put("PET_MASTER_PORT", MASTER_PORT);
        }
        return new Naming(
                naming.name(), naming.namespace(), naming.secret(), naming.labels(), variables, naming.pushToken());
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
        JsonNode status = job.path("status");
        for (JsonNode each : status.path("conditions")) {
            if (!each.path("status").asString("").equals("True")) continue;
            Optional<Instant> at = Times.of(each.path("lastTransitionTime"));
            switch (each.path("type").asString("")) {
                case "Complete" -> {
                    return new Phase.Succeeded(
                            Times.of(status.path("completionTime")).or(() -> at));
                }
                case "Failed" -> {
                    return new Phase.Failed(
                            each.path("reason").asString(""),
                            each.path("message").asString(""),
                            at);
                }
                case "Suspended" -> {
                    return new Phase.Suspended("the Job is suspended");
                }
                default -> {} // conditions are open; the interim ones say nothing that the final ones do not
            }
        }
        return job.at("/spec/suspend").asBoolean(false)
                ? new Phase.Suspended("the Job is suspended")
                : new Phase.Going();
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
        String index = podLabels.getOrDefault(INDEX, "0");
        return index.matches("\\d{1,6}") ? Integer.parseInt(index) : 0;
    }

    @Override
    public String container() {
        return CONTAINER;
    }
}
