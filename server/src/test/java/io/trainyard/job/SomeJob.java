package io.trainyard.job;

import io.trainyard.spec.Artifacts;
import io.trainyard.spec.Container;
import io.trainyard.spec.Hyperparameters;
import io.trainyard.spec.JobSpec;
import io.trainyard.spec.Method;
import io.trainyard.spec.Model;
import io.trainyard.spec.Placement;
import io.trainyard.spec.Policy;
import io.trainyard.spec.Resources;
import io.trainyard.spec.Settings;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;

/** A job to test with, changed one thing at a time. */
public record SomeJob(String backend, Map<String, String> annotations, Policy policy, Placement placement) {
    public static final Rules RULES = new Rules(Backoff.DEFAULT);
    public static final Instant NOON = Instant.parse("2026-11-23T12:00:00Z");
    public static final Handle HANDLE = new Handle("here", "Process", "boot", "4711", "998877");
    public static final SomeJob PLAIN = new SomeJob("simulated", Map.of(), Policy.DEFAULT, Placement.ANYWHERE);
    private static final AtomicLong SEEDS = new AtomicLong();

    public SomeJob {
        annotations = Map.copyOf(annotations);
    }

    public SomeJob on(String next) {
        return new SomeJob(next, annotations, policy, placement);
    }

    public SomeJob annotated(String name, String value) {
        return new SomeJob(backend, Map.of(name, value), policy, placement);
    }

    public SomeJob with(Policy next) {
        return new SomeJob(backend, annotations, next, placement);
    }

    public SomeJob placed(List<String> backends, boolean fallback) {
        var next = new Placement(
                backends, fallback, Optional.empty(), Optional.empty(), Optional.empty(), placement.spot(), Map.of());
        return new SomeJob(backends.getFirst(), annotations, policy, next);
    }

    public Job queued() {
        return queued(NOON);
    }

    public Job queued(Instant now) {
        return Job.submitted(
                JobId.create(now, new SplittableRandom(SEEDS.incrementAndGet())),
                new Identity(Identity.DEFAULT_PROJECT, "trainyard", "", Optional.empty(), 1),
                spec(),
                "{}",
                List.of(),
                backend,
                now);
    }

    public JobSpec spec() {
        return new JobSpec(
                "fine-tune",
                JobSpec.Framework.HF,
                new Model("huggingface", "org/base-7b", "main", Optional.empty(), Optional.empty()),
                List.of(),
                new Method(
                        Method.Kind.FULL,
                        List.of(),
                        Method.Precision.BF16,
                        false,
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty()),
                Hyperparameters.DEFAULT,
                new Resources(1, 1, Optional.empty(), 2, 8, Optional.empty()),
                new Artifacts(Optional.empty(), Optional.empty(), Optional.empty(), Artifacts.Checkpoints.DEFAULT),
                Container.NONE,
                Map.of(),
                annotations,
                List.of(),
                placement,
                policy,
                Settings.NONE);
    }
}
