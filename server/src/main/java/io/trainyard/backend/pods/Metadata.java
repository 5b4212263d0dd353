package io.trainyard.backend.pods;

import io.trainyard.backend.pods.Workload.Naming;
import io.trainyard.spec.JobSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.regex.Pattern;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** What all kinds have in common: name, labels and annotations of objects and their pods, and the limit. */
public final class Metadata {
    private static final JsonMapper JSON = new JsonMapper();
    private static final Pattern LABEL_VALUE = Pattern.compile("(?:[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?");
    private static final Pattern LABEL_NAME =
            Pattern.compile("(?:[a-z0-9.-]{1,253}/)?[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?");
    /** All of an object's annotations together; more of them is refused. */
    private static final int MAX_ANNOTATION_CHARACTERS = 200_000;
    /** Our own clock stops a job at its limit: the cluster's also counts the time it waits for machines. */
    private static final long DEADLINE_SLACK_SECONDS = 24 * 3600;

    private Metadata() {}

    public static ObjectNode of(JobSpec spec, Naming naming) {
        ObjectNode metadata = JSON.createObjectNode().put("name", naming.name()).put("namespace", naming.namespace());
        ObjectNode labels = labels(spec, naming);
        spec.placement().queue().ifPresent(queue -> labels.put(Kueue.QUEUE, queue));
        metadata.set("labels", labels);
        ObjectNode annotations = JSON.createObjectNode();
        int left = MAX_ANNOTATION_CHARACTERS;
        for (var each : new TreeMap<>(spec.annotations()).entrySet()) {
            left -= each.getKey().length() + each.getValue().length();
            if (left >= 0) annotations.put(each.getKey(), each.getValue());
        }
        if (!annotations.isEmpty()) metadata.set("annotations", annotations);
        return metadata;
    }

    public static ObjectNode labels(JobSpec spec, Naming naming) {
        ObjectNode labels = JSON.createObjectNode();
        new TreeMap<>(spec.labels()).forEach(labels::put);
        new TreeMap<>(naming.labels()).forEach(labels::put);
        return labels;
    }

    /** Of pods: scaling down and tidying nodes up are no reasons to lose hours of training. */
    public static ObjectNode undisturbed() {
        return JSON.createObjectNode()
                .put("cluster-autoscaler.kubernetes.io/safe-to-evict", "false")
                .put("karpenter.sh/do-not-disrupt", "true")
                .put("sidecar.istio.io/inject", "false");
    }

    /** The job may see it otherwise. */
    public static ObjectNode ofPods(JobSpec spec) {
        ObjectNode annotations = undisturbed();
        new TreeMap<>(spec.annotations()).forEach(annotations::put);
        return annotations;
    }

    public static List<String> objections(JobSpec spec) {
        var objections = new ArrayList<String>();
        spec.labels().forEach((name, value) -> {
            if (!LABEL_NAME.matcher(name).matches()
                    || !LABEL_VALUE.matcher(value).matches())
                objections.add(
                        "labels: \"%s\" = \"%s\" is no label that Kubernetes takes; use letters, digits, dots, dashes and underscores, at most 63"
                                .formatted(name, value));
        });
        return objections;
    }

    /** In seconds, for the cluster to stop what nobody else did. */
    public static void deadline(JobSpec spec, ObjectNode at) {
        spec.policy()
                .maxDuration()
                .ifPresent(limit -> at.put("activeDeadlineSeconds", limit.toSeconds() + DEADLINE_SLACK_SECONDS));
    }
}
