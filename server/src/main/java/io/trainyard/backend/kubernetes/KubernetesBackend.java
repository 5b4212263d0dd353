package io.trainyard.backend.kubernetes;

import io.trainyard.backend.Backend;
import io.trainyard.backend.Check;
import io.trainyard.backend.Launch;
import io.trainyard.backend.Launched;
import io.trainyard.backend.LogSource;
import io.trainyard.backend.Plan;
import io.trainyard.job.Attempt;
import io.trainyard.job.Capacity;
import io.trainyard.job.Cause;
import io.trainyard.job.Handle;
import io.trainyard.job.Observation;
import io.trainyard.job.Observation.Ending;
import io.trainyard.job.Queue.Demand;
import io.trainyard.spec.JobSpec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** Renders Jobs and submits none: what it would create is read from the rendered job. */
public final class KubernetesBackend implements Backend {
    public static final String NAME = "kubernetes";
    private static final Pattern LABEL_VALUE = Pattern.compile("(?:[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?");
    private static final Pattern LABEL_NAME =
            Pattern.compile("(?:[a-z0-9.-]{1,253}/)?[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?");
    private static final String SUBMITS_NOTHING = "this server renders Kubernetes Jobs and submits none";

    private final KubernetesSettings settings;

    public KubernetesBackend(KubernetesSettings settings) {
        this.settings = settings;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public boolean rendersOnly() {
        return true;
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

    @Override
    public Check check(JobSpec spec, Duration within) {
        return new Check.Passed();
    }

    @Override
    public Launched launch(Launch launch) {
        return new Launched.Refused(new Ending.Failure(Cause.UNSUPPORTED, SUBMITS_NOTHING));
    }

    @Override
    public Observation observe(Attempt attempt, Optional<Handle> handle) {
        return new Observation.Unreachable(SUBMITS_NOTHING);
    }

    @Override
    public void stop(Attempt attempt, Optional<Handle> handle, Duration grace) {
        throw new Unreachable(SUBMITS_NOTHING);
    }

    @Override
    public LogSource logs(Attempt attempt, Optional<Handle> handle) {
        return new LogSource() {
            @Override
            public List<Part> parts() {
                return List.of();
            }

            @Override
            public Chunk read(Part part, long position, int maxBytes) {
                return new Chunk(new byte[0], position);
            }

            @Override
            public void release() {}
        };
    }

    @Override
    public Capacity capacity() {
        return Capacity.UNLIMITED;
    }
}
