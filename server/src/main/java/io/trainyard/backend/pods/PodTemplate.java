package io.trainyard.backend.pods;

import io.trainyard.backend.pods.PodDefaults.Security;
import io.trainyard.backend.pods.Workload.Naming;
import io.trainyard.spec.JobSpec;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** A pod of a job with one container, part by part: not every kind takes all of them. */
public final class PodTemplate {
    private static final JsonMapper JSON = new JsonMapper();
    /** On an object: its resources are a place-holder and only its GPUs are meant. */
    public static final String RESOURCES = "trainyard.kubernetes/resources";

    public static final String GPUS_ONLY = "gpus";
    static final String GPU = "nvidia.com/gpu";
    /** Time to save what was learned. */
    static final long GRACE_SECONDS = 300;

    private static final Pattern PYTHON = Pattern.compile("(^|/)python[0-9.]*$");
    private static final int USER = 1000;
    private static final String WORKSPACE = "/workspace";

    /** Each alone marks nodes that may be taken away at any time; on most clusters only one of them exists. */
    private static final Map<String, String> SPOT = new TreeMap<>(Map.of(
            "cloud.google.com/gke-spot", "true",
            "karpenter.sh/capacity-type", "spot",
            "eks.amazonaws.com/capacityType", "SPOT",
            "kubernetes.azure.com/scalesetpriority", "spot"));

    private static final List<String> SPOT_TAINTS =
            List.of("cloud.google.com/gke-spot", "kubernetes.azure.com/scalesetpriority");

    private final JobSpec spec;
    private final Naming naming;
    private final PodDefaults defaults;

    public PodTemplate(JobSpec spec, Naming naming, PodDefaults defaults) {
        this.spec = spec;
        this.naming = naming;
        this.defaults = defaults;
    }

    /**
     * Why no such pod can ever be.
     *
     * @param placed whether its place matters: what is only rendered may run on a cluster we know nothing of
     */
    public static List<String> objections(JobSpec spec, PodDefaults defaults, boolean placed) {
        var objections = new ArrayList<String>();
        if (spec.container().image().or(defaults::image).isEmpty())
            objections.add(
                    "container.image: none is given; name one, or set K8S_TRAINING_IMAGE for all jobs that name none");
        if (placed) objections.addAll(placeObjections(spec, defaults));
        return objections;
    }

    /** Why no node is one for it. */
    public static List<String> placeObjections(JobSpec spec, PodDefaults defaults) {
        var objections = new ArrayList<String>();
        spec.resources().gpuType().ifPresent(type -> {
            if (spec.resources().gpus() > 0 && !defaults.gpuTypes().containsKey(type.toUpperCase(Locale.ROOT)))
                objections.add(
                        "resources.gpu_type: \"%s\" is not known here; one of %s, or name its node labels in trainyard.kubernetes.gpu-types"
                                .formatted(
                                        type,
                                        String.join(
                                                ", ",
                                                new TreeSet<>(
                                                        defaults.gpuTypes().keySet()))));
        });
        return objections;
    }

    /** The whole pod, but for what only some kinds want of it. */
    public ObjectNode pod(String container, String restartPolicy) {
        ObjectNode pod = JSON.createObjectNode().put("restartPolicy", restartPolicy);
        defaults.serviceAccount().ifPresent(account -> pod.put("serviceAccountName", account));
        pod.put("automountServiceAccountToken", false);
        pod.put("enableServiceLinks", false);
        pod.put(
                "terminationGracePeriodSeconds",
                spec.policy().grace().map(grace -> grace.toSeconds()).orElse(GRACE_SECONDS));
        if (!defaults.nodeSelector().isEmpty()) pod.set("nodeSelector", JSON.valueToTree(defaults.nodeSelector()));
        ObjectNode affinity = affinity();
        if (!affinity.isEmpty()) pod.set("affinity", affinity);
        ArrayNode tolerations = tolerations();
        if (!tolerations.isEmpty()) pod.set("tolerations", tolerations);
        if (!defaults.imagePullSecrets().isEmpty()) pod.set("imagePullSecrets", imagePullSecrets());
        if (defaults.security() == Security.RESTRICTED) pod.set("securityContext", podSecurity());
        pod.putArray("containers").add(container(container));
        pod.set("volumes", volumes());
        return pod;
    }

    public ObjectNode container(String name) {
        var asked = spec.container();
        ObjectNode container = JSON.createObjectNode()
                .put("name", name)
                .put("image", asked.image().or(defaults::image).orElse(""))
                .put("imagePullPolicy", "IfNotPresent");
        List<String> command = command();
        if (!command.isEmpty()) words(container.putArray("command"), command);
        if (!asked.arguments().isEmpty()) words(container.putArray("args"), asked.arguments());
        container.set("env", environment());
        container.set("resources", resources());
        if (defaults.security() == Security.RESTRICTED) container.set("securityContext", containerSecurity());
        container.put("terminationMessagePolicy", "FallbackToLogsOnError");
        container.set("volumeMounts", mounts());
        return container;
    }

    /** The job's own, or the operator's; that one is started once for each process of a gang. */
    public List<String> command() {
        List<String> own = spec.container().command();
        List<String> given = defaults.command();
        if (!own.isEmpty() || given.isEmpty()) return own;
        boolean gang = spec.resources().nodes() * spec.resources().processesPerNode() > 1;
        if (!gang || !PYTHON.matcher(given.getFirst()).find()) return given;
        var command = new ArrayList<String>(List.of(given.getFirst(), "-m", "torch.distributed.run"));
        command.addAll(given.subList(1, given.size()));
        return command;
    }

    private static void words(ArrayNode list, List<String> words) {
        for (String word : words) list.add(Environment.verbatim(word));
    }

    public ArrayNode environment() {
        var further = new LinkedHashMap<>(naming.variables());
        boolean hasHome = spec.container().environment().stream()
                .anyMatch(variable -> variable.name().equals("HOME"));
        // The user of a restricted container owns nothing in the image.
        if (defaults.security() == Security.RESTRICTED && !hasHome) further.put("HOME", WORKSPACE);
        return Environment.of(spec, naming.secret(), further);
    }

    /** Memory is never lent: what is asked for is also the limit. Processors are. */
    public ObjectNode resources() {
        ObjectNode resources = JSON.createObjectNode();
        if (defaults.limits().isPresent()) {
            defaults.limits().get().forEach(resources.putObject("limits")::put);
            return resources;
        }
        var asked = spec.resources();
        ObjectNode limits = JSON.createObjectNode();
        if (asked.gpus() > 0) limits.put(GPU, Integer.toString(asked.gpus()));
        if (!GPUS_ONLY.equals(spec.annotations().get(RESOURCES))) {
            limits.put("memory", asked.memoryGib() + "Gi");
            resources
                    .putObject("requests")
                    .put("cpu", Integer.toString(asked.cpus()))
                    .put("memory", asked.memoryGib() + "Gi");
        }
        if (!limits.isEmpty()) resources.set("limits", limits);
        return resources;
    }

    public ArrayNode imagePullSecrets() {
        ArrayNode secrets = JSON.createArrayNode();
        for (String secret : defaults.imagePullSecrets()) secrets.addObject().put("name", secret);
        return secrets;
    }

    public ArrayNode tolerations() {
        ArrayNode tolerations = JSON.createArrayNode();
        defaults.tolerations().forEach(each -> tolerations.add(JSON.valueToTree(each)));
        if (spec.resources().gpus() > 0) tolerate(tolerations, GPU);
        if (spec.placement().spot()) for (String taint : SPOT_TAINTS) tolerate(tolerations, taint);
        return tolerations;
    }

    private static void tolerate(ArrayNode tolerations, String key) {
        for (var each : tolerations) if (each.path("key").asString("").equals(key)) return;
        tolerations.addObject().put("key", key).put("operator", "Exists").put("effect", "NoSchedule");
    }

    /** One word for a GPU is many values of a label, and one of several labels: any of them will do. */
    public ObjectNode affinity() {
        List<List<ObjectNode>> terms = new ArrayList<>();
        terms.add(List.of());
        if (spec.resources().gpus() > 0 && spec.resources().gpuType().isPresent())
            terms = crossed(terms, gpuLabels(spec.resources().gpuType().get()));
        if (spec.placement().spot()) terms = crossed(terms, spotLabels());
        ObjectNode affinity = JSON.createObjectNode();
        if (terms.size() == 1 && terms.getFirst().isEmpty()) return affinity;
        ArrayNode list = affinity.putObject("nodeAffinity")
                .putObject("requiredDuringSchedulingIgnoredDuringExecution")
                .putArray("nodeSelectorTerms");
        for (List<ObjectNode> term : terms) {
            ArrayNode expressions = list.addObject().putArray("matchExpressions");
            term.forEach(expressions::add);
        }
        return affinity;
    }

    private static List<List<ObjectNode>> crossed(List<List<ObjectNode>> terms, List<ObjectNode> each) {
        var all = new ArrayList<List<ObjectNode>>();
        for (List<ObjectNode> term : terms)
            for (ObjectNode one : each) {
                var longer = new ArrayList<>(term);
                longer.add(one);
                all.add(longer);
            }
        return all;
    }

    private List<ObjectNode> gpuLabels(String type) {
        var labels = new TreeMap<>(defaults.gpuTypes().getOrDefault(type.toUpperCase(Locale.ROOT), Map.of()));
        return labels.entrySet().stream()
                .map(label -> expression(label.getKey(), label.getValue()))
                .toList();
    }

    private static List<ObjectNode> spotLabels() {
        return SPOT.entrySet().stream()
                .map(label -> expression(label.getKey(), List.of(label.getValue())))
                .toList();
    }

    private static ObjectNode expression(String key, List<String> values) {
        ObjectNode expression = JSON.createObjectNode().put("key", key).put("operator", "In");
        values.forEach(expression.putArray("values")::add);
        return expression;
    }

    public static ObjectNode podSecurity() {
        ObjectNode security = JSON.createObjectNode()
                .put("runAsNonRoot", true)
                .put("runAsUser", USER)
                .put("fsGroup", USER)
                .put("fsGroupChangePolicy", "OnRootMismatch");
        security.putObject("seccompProfile").put("type", "RuntimeDefault");
        return security;
    }

    public static ObjectNode containerSecurity() {
        ObjectNode security = JSON.createObjectNode().put("allowPrivilegeEscalation", false);
        security.putObject("capabilities").putArray("drop").add("ALL");
        return security;
    }

    public ArrayNode volumes() {
        ArrayNode volumes = JSON.createArrayNode();
        // Data loaders hand batches over through it; the container's own is 64 MiB.
        volumes.addObject()
                .put("name", "dshm")
                .putObject("emptyDir")
                .put("medium", "Memory")
                .put("sizeLimit", sharedMemory());
        volumes.addObject().put("name", "workspace").putObject("emptyDir");
        if (naming.pushToken()) {
            ObjectNode secret = volumes.addObject()
                    .put("name", "trainyard")
                    .putObject("secret")
                    .put("secretName", naming.secret());
            secret.putArray("items")
                    .addObject()
                    .put("key", Environment.PUSH_TOKEN)
                    .put("path", Environment.PUSH_TOKEN);
        }
        return volumes;
    }

    /** It counts against the container's memory, so it may fill half of that. */
    private String sharedMemory() {
        int gib = GPUS_ONLY.equals(spec.annotations().get(RESOURCES))
                ? 4
                : spec.resources().memoryGib();
        return gib * 512 + "Mi";
    }

    public ArrayNode mounts() {
        ArrayNode mounts = JSON.createArrayNode();
        mounts.addObject().put("name", "dshm").put("mountPath", "/dev/shm");
        mounts.addObject().put("name", "workspace").put("mountPath", WORKSPACE);
        if (naming.pushToken())
            mounts.addObject()
                    .put("name", "trainyard")
                    .put("mountPath", Environment.PUSH_TOKEN_FOLDER)
                    .put("readOnly", true);
        return mounts;
    }
}
