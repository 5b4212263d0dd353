package io.trainyard.backend.kubernetes;

import io.trainyard.backend.Plan;
import io.trainyard.backend.RenderingBackend;
import io.trainyard.job.Queue.Demand;
import io.trainyard.spec.JobSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** Renders Jobs and submits none: what it would create is read from the rendered job. */
public final class KubernetesBackend implements RenderingBackend {
    public static final String NAME = "kubernetes";
    private static final Pattern LABEL_VALUE = Pattern.compile("(?:[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?");
    private static final Pattern LABEL_NAME =
            Pattern.compile("(?:[a-z0-9.-]{1,253}/)?[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?");

    private final KubernetesSettings settings;

    public KubernetesBackend(KubernetesSettings settings) {
        this.settings = settings;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Plan plan(JobSpec spec) {
        var asked = spec.resources();
        // What the cluster places for itself holds none of our slots.
        return new Plan(objections(spec), List.of(), new Demand(asked.gpus(), 0, 0), JobManifest.of(spec, settings));
    }

    private List<String> objections(JobSpec spec) {
        var objections = new ArrayList<String>();
        if (spec.container().image().or(settings::image).isEmpty())
            objections.add(
                    "container.image: none is given; name one, or set K8S_TRAINING_IMAGE for all jobs that name none");
        if (spec.resources().nodes() > 1)
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
}
