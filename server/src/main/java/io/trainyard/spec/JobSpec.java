package io.trainyard.spec;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One training job in our own words, wide enough for every contract. Immutable: what changes about a job stands in
 * {@code io.trainyard.job.Job}.
 *
 * @param extra framework knobs that no contract of ours knows by name, handed to the trainer as they came
 */
public record JobSpec(
        String name,
        Framework framework,
        Model model,
        List<Dataset> datasets,
        Method method,
        Hyperparameters hyperparameters,
        Resources resources,
        Artifacts artifacts,
        Container container,
        Map<String, String> labels,
        Map<String, String> annotations,
        List<Webhook> webhooks,
        Placement placement,
        Policy policy,
        Settings extra) {

    public JobSpec {
        datasets = List.copyOf(datasets);
        labels = inOrder(labels);
        annotations = inOrder(annotations);
        webhooks = List.copyOf(webhooks);
    }

    /** Answers and manifests show them as they came. */
    private static Map<String, String> inOrder(Map<String, String> map) {
        return Collections.unmodifiableMap(new LinkedHashMap<>(map));
    }

    /** The job as this backend starts it. */
    public JobSpec on(String backend) {
        Container there = placement.containers().get(backend);
        if (there == null) return this;
        return new JobSpec(
                name,
                framework,
                model,
                datasets,
                method,
                hyperparameters,
                resources,
                artifacts,
                there,
                labels,
                annotations,
                webhooks,
                placement,
                policy,
                extra);
    }

    /** The training stack that runs inside the job. {@code CUSTOM} runs the caller's own command. */
    public enum Framework {
        HF,
        UNSLOTH,
        NEMO,
        META,
        ULTRALYTICS,
        TIMM,
        CUSTOM
    }
}
