package io.trainyard.backend.kubeflow;

import io.trainyard.backend.Plan;
import io.trainyard.backend.pods.Metadata;
import io.trainyard.backend.pods.PodTemplate;
import io.trainyard.backend.pods.Workload;
import io.trainyard.spec.JobSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Attempts as PyTorchJobs: a master, and a worker for each further node, which find each other by what the training
 * operator says in their environment. Where no cluster is asked, a plan shows what the published contract shows.
 */
public final class PyTorchJobWorkload implements Workload {
    private static final JsonMapper JSON = new JsonMapper();
    private static final Kind KIND = new Kind("kubeflow.org", "v1", "PyTorchJob", "pytorchjobs");
    private static final String CONTAINER = "pytorch";
    private static final String OWNER = "training.kubeflow.org/job-name";
    private static final String TYPE = "training.kubeflow.org/replica-type";
    private static final String INDEX = "training.kubeflow.org/replica-index";
    private static final String NEVER = "Never";
    /** Of the operator's own words, the only ones that tell this end from others. */
    private static final String DEADLINE = "active longer than specified deadline";

    private final KubeflowSettings settings;
    private final Offer offer;

    public PyTorchJobWorkload(KubeflowSettings settings, Offer offer) {
        this.settings = settings;
        this.offer = offer;
    }

    /** One that shows what it would create and knows of no cluster. */
    public static PyTorchJobWorkload rendering(String namespace) {
        var settings = KubeflowSettings.rendering(namespace);
        return new PyTorchJobWorkload(settings, Offer.unknown());
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
        if (!settings.asksTheCluster()) return new PyTorchJob(spec, settings.namespace()).objections();
        var objections = new ArrayList<String>(PodTemplate.objections(spec, settings.pods(), true));
        objections.addAll(Metadata.objections(spec));
        return objections;
    }

    @Override
    public List<String> examine(JobSpec spec) {
        return offer.installed(KIND)
                ? List.of()
                : List.of(
                        "placement.backends: this cluster has no Kubeflow training operator (no PyTorchJob of kubeflow.org/v1); "
                                + "install it, or choose the backend kubernetes");
    }

    @Override
    public Plan plan(JobSpec spec) {
        Plan plan = Workload.super.plan(spec);
        if (settings.asksTheCluster()) return plan;
        return new Plan(
                plan.objections(),
                plan.warnings(),
                plan.demand(),
                new PyTorchJob(spec, settings.namespace()).manifest());
    }

    @Override
    public Drawing draw(JobSpec spec, Naming naming) {
        int nodes = spec.resources().nodes();
        ObjectNode job =
                JSON.createObjectNode().put("apiVersion", KIND.apiVersion()).put("kind", KIND.kind());
        job.set("metadata", Metadata.of(spec, naming));
        ObjectNode body = job.putObject("spec");
        body.put("nprocPerNode", Integer.toString(spec.resources().processesPerNode()));
        // Pods that ended stay, with their exit codes and logs; those that wait for a dead one would hold their GPUs.
        // No backoffLimit: a failed pod ends the job anyway, and at a limit the operator up to 1.9.3 removes all pods.
        ObjectNode policy = body.putObject("runPolicy").put("cleanPodPolicy", "Running");
        Metadata.deadline(spec, policy);
        ObjectNode replicas = body.putObject("pytorchReplicaSpecs");
        ObjectNode pod = pod(spec, naming);
        replicas.set("Master", replica(1, pod, spec, naming));
        if (nodes > 1) replicas.set("Worker", replica(nodes - 1, pod, spec, naming));
        return new Drawing(job, List.of());
    }

    private ObjectNode pod(JobSpec spec, Naming naming) {
        ObjectNode pod = new PodTemplate(spec, again(naming), settings.pods()).pod(CONTAINER, NEVER);
        List<String> command = new PyTorchJob(spec, settings.namespace()).command();
        ObjectNode container = (ObjectNode) pod.at("/containers/0");
        if (!command.isEmpty()) command.forEach(container.putArray("command")::add);
        return pod;
    }

    /** A later attempt goes on from what the one before it saved, whatever the first was told. */
    private static Naming again(Naming naming) {
        if (naming.variables().getOrDefault("TRAINYARD_ATTEMPT", "1").equals("1")) return naming;
        return naming.with(Map.of("RESUME_FROM_CHECKPOINT", "1"));
    }

    private static ObjectNode replica(int replicas, ObjectNode pod, JobSpec spec, Naming naming) {
        ObjectNode replica = JSON.createObjectNode().put("replicas", replicas).put("restartPolicy", NEVER);
        ObjectNode template = replica.putObject("template");
        ObjectNode metadata = template.putObject("metadata");
        new TreeMap<>(naming.labels()).forEach(metadata.putObject("labels")::put);
        metadata.set("annotations", Metadata.ofPods(spec));
        template.set("spec", pod.deepCopy());
        return replica;
    }

    @Override
    public Phase phase(JsonNode job) {
        Phase phase = Phase.of(job, KIND, "Succeeded");
        return phase instanceof Phase.Failed failed && failed.message().contains(DEADLINE)
                ? new Phase.Failed("DeadlineExceeded", failed.message(), failed.at())
                : phase;
    }

    @Override
    public String podSelector() {
        return OWNER;
    }

    @Override
    public String ownerLabel() {
        return OWNER;
    }

    /** The master is the first node. */
    @Override
    public int rank(Map<String, String> podLabels) {
        return podLabels.getOrDefault(TYPE, "master").equals("master") ? 0 : Workload.index(podLabels, INDEX) + 1;
    }

    @Override
    public String container() {
        return CONTAINER;
    }
}
