package io.trainyard.store;

import io.trainyard.job.Attempt;
import io.trainyard.job.Event;
import io.trainyard.job.Grant;
import io.trainyard.job.Handle;
import io.trainyard.job.Identity;
import io.trainyard.job.Job;
import io.trainyard.job.JobId;
import io.trainyard.job.JobState;
import io.trainyard.job.Outcome;
import io.trainyard.job.Reason;
import io.trainyard.spec.Artifacts;
import io.trainyard.spec.Container;
import io.trainyard.spec.Dataset;
import io.trainyard.spec.Hyperparameters;
import io.trainyard.spec.JobSpec;
import io.trainyard.spec.Method;
import io.trainyard.spec.Model;
import io.trainyard.spec.Placement;
import io.trainyard.spec.Policy;
import io.trainyard.spec.Resources;
import io.trainyard.spec.SecretRef;
import io.trainyard.spec.Settings;
import io.trainyard.spec.Webhook;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** Jobs to test with. */
final class Samples {
    static final Instant NOON = Instant.parse("2026-11-23T12:00:00.123456789Z");
    static final Handle HANDLE = new Handle("here", "Process", "boot", "4711", "998877");
    private static final AtomicLong SEEDS = new AtomicLong();

    private Samples() {}

    /** What a job is made of, to change one thing at a time. */
    record Draft(
            String name,
            Optional<String> clientId,
            String project,
            String contract,
            String backend,
            int priority,
            Map<String, String> labels,
            int webhooks,
            Instant created) {
        static final Draft PLAIN =
                new Draft("fine-tune", Optional.empty(), "default", "trainer", "local", 0, Map.of(), 0, NOON);

        Draft named(String next) {
            return new Draft(next, clientId, project, contract, backend, priority, labels, webhooks, created);
        }

        Draft withClientId(String next) {
            return new Draft(name, Optional.of(next), project, contract, backend, priority, labels, webhooks, created);
        }

        Draft in(String nextProject, String nextContract) {
            return new Draft(name, clientId, nextProject, nextContract, backend, priority, labels, webhooks, created);
        }

        Draft on(String next) {
            return new Draft(name, clientId, project, contract, next, priority, labels, webhooks, created);
        }

        Draft withPriority(int next) {
            return new Draft(name, clientId, project, contract, backend, next, labels, webhooks, created);
        }

        Draft labelled(Map<String, String> next) {
            return new Draft(name, clientId, project, contract, backend, priority, next, webhooks, created);
        }

        Draft told() {
            return new Draft(name, clientId, project, contract, backend, priority, labels, 1, created);
        }

        Draft toldTwice() {
            return new Draft(name, clientId, project, contract, backend, priority, labels, 2, created);
        }

        Job job() {
            return Job.submitted(
                    JobId.create(created, new SplittableRandom(SEEDS.incrementAndGet())),
                    new Identity(project, contract, "", clientId, 1),
                    spec(this),
                    "{\"job\": \"as it came\"}",
                    List.of("image is ignored"),
                    backend,
                    created);
        }

        Jobs.NewJob wanted() {
            return Samples.wanted(job(), "body", Optional.empty());
        }

        Jobs.NewJob wanted(String body) {
            return Samples.wanted(job(), body, Optional.empty());
        }

        Jobs.NewJob wantedWithKey(String body, String key) {
            return Samples.wanted(job(), body, Optional.of(key));
        }
    }

    static Jobs.NewJob wanted(Job job, String body, Optional<String> key) {
        return new Jobs.NewJob(
                job,
                Event.of(job, Event.Kind.SUBMITTED, "submitted", job.created()),
                Map.of("token", new byte[] {1, 2, 3, 0, -1}),
                body.getBytes(StandardCharsets.UTF_8),
                key.map(text -> new Jobs.Key(text, body.getBytes(StandardCharsets.UTF_8))));
    }

    static JobSpec spec(Draft draft) {
        return new JobSpec(
                draft.name(),
                JobSpec.Framework.HF,
                new Model("huggingface", "org/base-7b", "main", Optional.empty(), Optional.of(new SecretRef("token"))),
                List.of(new Dataset("s3://data/train.jsonl", "jsonl", Optional.of("train"), false, Map.of())),
                new Method(
                        Method.Kind.LORA,
                        List.of("q_proj", "v_proj"),
                        Method.Precision.BF16,
                        true,
                        Optional.of(Method.Lora.DEFAULT),
                        Optional.empty(),
                        Optional.empty()),
                Hyperparameters.DEFAULT,
                new Resources(1, 2, Optional.of("H100"), 8, 64, Optional.empty()),
                new Artifacts(
                        Optional.of("s3://out/run"), Optional.empty(), Optional.empty(), Artifacts.Checkpoints.DEFAULT),
                new Container(
                        Optional.of("registry/trainer:1"),
                        List.of("python", "-m", "train"),
                        List.of("--fast"),
                        List.of(
                                new Container.Variable.Plain("HF_HOME", "/cache"),
                                new Container.Variable.Secret("HF_TOKEN", new SecretRef("token")),
                                new Container.Variable.FromCluster(
                                        "KEY", Container.Variable.FromCluster.Kind.SECRET, "credentials", "key"))),
                draft.labels(),
                Map.of("team", "research"),
                Collections.nCopies(
                        draft.webhooks(),
                        new Webhook(
                                "https://studio/hook", Optional.of(new SecretRef("hook")), Optional.empty(), Set.of())),
                Placement.ANYWHERE,
                new Policy(Optional.of(Duration.ofHours(8)), 3, 0, Optional.empty(), draft.priority()),
                settings());
    }

    // NullAway does not see the nullable values in the compiled constructor of Settings.
    @SuppressWarnings("NullAway")
    static Settings settings() {
        var inner = new LinkedHashMap<String, @Nullable Object>();
        inner.put("nothing", null);
        inner.put("flag", true);
        inner.put("list", Arrays.asList(1, null, "two", 3.5, Map.of("deep", List.of())));
        var outer = new LinkedHashMap<String, @Nullable Object>();
        outer.put("gradient_clipping", 1.0);
        outer.put("big", 9_007_199_254_740_993L);
        outer.put("absent", null);
        outer.put("inner", inner);
        return new Settings(outer);
    }

    static Job launching(Job job, int attempt) {
        var state = new JobState.Launching(
                new Attempt(job.id(), attempt, job.backend(), new Grant(List.of(0, 1), 8, 64L << 30)),
                Optional.empty(),
                Reason.STARTING);
        return job.withState(state, job.updated().plusSeconds(1));
    }

    static Job running(Job job) {
        var attempt = job.state().liveAttempt().orElseThrow();
        Instant now = job.updated().plusSeconds(1);
        return job.withState(new JobState.Running(attempt, HANDLE, now), now);
    }

    static Job waitingUntil(Job job, Instant notBefore) {
        return job.withState(
                new JobState.Queued(2, notBefore, new Reason(Reason.Kind.RETRY, "again soon")),
                job.updated().plusSeconds(1));
    }

    static Job done(Job job, Outcome outcome) {
        Instant now = job.updated().plusSeconds(1);
        return job.withState(new JobState.Done(outcome, now), now);
    }

    static Event event(Job job, Event.Kind kind) {
        return Event.of(job, kind, kind + " it is", job.updated());
    }
}
