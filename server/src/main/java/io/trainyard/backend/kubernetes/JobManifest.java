package io.trainyard.backend.kubernetes;

import io.trainyard.backend.pods.Environment;
import io.trainyard.backend.pods.Names;
import io.trainyard.spec.JobSpec;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Draws a job as the batch/v1 Job that the published contract shows. Secret values are never in it: it names where they are to lie. */
final class JobManifest {
    private static final JsonMapper JSON = new JsonMapper();

    private final JobSpec spec;
    private final KubernetesSettings settings;
    private final String name;

    private JobManifest(JobSpec spec, KubernetesSettings settings) {
        this.spec = spec;
        this.settings = settings;
        this.name = JobName.of(spec.name());
    }

    static ObjectNode of(JobSpec spec, KubernetesSettings settings) {
        return new JobManifest(spec, settings).job();
    }

    private ObjectNode job() {
        ObjectNode job = JSON.createObjectNode().put("apiVersion", "batch/v1").put("kind", "Job");
        ObjectNode metadata = job.putObject("metadata")
                .put("name", name)
                .put("namespace", spec.placement().namespace().orElse(settings.namespace()));
        metadata.set("labels", labels());
        ObjectNode body =
                job.putObject("spec").put("backoffLimit", settings.retention().backoffLimit());
        settings.retention().secondsAfterFinished().ifPresent(seconds -> body.put("ttlSecondsAfterFinished", seconds));
        spec.policy().maxDuration().ifPresent(limit -> body.put("activeDeadlineSeconds", limit.toSeconds()));
        ObjectNode template = body.putObject("template");
        template.putObject("metadata").set("labels", labels());
        template.set("spec", pod());
        return job;
    }

    private ObjectNode labels() {
        ObjectNode labels = JSON.createObjectNode().put("app.kubernetes.io/managed-by", "trainyard");
        new TreeMap<>(spec.labels()).forEach(labels::put);
        spec.placement().queue().ifPresent(queue -> labels.put("kueue.x-k8s.io/queue-name", queue));
        return labels;
    }

    private ObjectNode pod() {
        var asked = settings.pods();
        ObjectNode pod = JSON.createObjectNode().put("restartPolicy", settings.restartPolicy().word);
        asked.serviceAccount().ifPresent(account -> pod.put("serviceAccountName", account));
        if (!asked.nodeSelector().isEmpty()) pod.set("nodeSelector", JSON.valueToTree(asked.nodeSelector()));
        if (!asked.tolerations().isEmpty()) pod.set("tolerations", JSON.valueToTree(asked.tolerations()));
        if (!asked.imagePullSecrets().isEmpty()) {
            ArrayNode secrets = pod.putArray("imagePullSecrets");
            for (String secret : asked.imagePullSecrets()) secrets.addObject().put("name", secret);
        }
        pod.putArray("containers").add(container());
        return pod;
    }

    private ObjectNode container() {
        var asked = spec.container();
        ObjectNode container = JSON.createObjectNode()
                .put("name", "trainer")
                .put("image", asked.image().or(settings.pods()::image).orElse(""));
        if (!asked.command().isEmpty()) words(container.putArray("command"), asked.command());
        words(container.putArray("args"), asked.arguments());
        container.set("env", Environment.of(spec, Names.secretOf(name), Map.of()));
        ObjectNode resources = resources();
        if (!resources.isEmpty()) container.set("resources", resources);
        return container;
    }

    private static void words(ArrayNode list, List<String> words) {
        for (String word : words) list.add(Environment.verbatim(word));
    }

    private ObjectNode resources() {
        ObjectNode resources = JSON.createObjectNode();
        var asked = spec.resources();
        Map<String, String> limits = settings.pods()
                .limits()
                .orElseGet(
                        () -> asked.gpus() > 0 ? Map.of("nvidia.com/gpu", Integer.toString(asked.gpus())) : Map.of());
        if (!limits.isEmpty()) limits.forEach(resources.putObject("limits")::put);
        return resources;
    }
}
