package io.trainyard.reconciler;

import io.trainyard.admission.Admission;
import io.trainyard.admission.Answer;
import io.trainyard.admission.Wanted;
import io.trainyard.job.Identity;
import io.trainyard.job.Job;
import io.trainyard.job.JobId;
import io.trainyard.job.Wish;
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
import io.trainyard.store.Jobs;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;

/** People who submit, change their minds, and ask again when nobody answered. */
final class Clients {
    private static final int MOST_JOBS = 6;

    private final SplittableRandom random;
    private final Checker checker;
    private final List<JobId> mine = new ArrayList<>();
    private Optional<Wanted> unanswered = Optional.empty();
    private int submitted;

    Clients(SplittableRandom random, Checker checker) {
        this.random = random;
        this.checker = checker;
    }

    /** Everything a client does may be cut off by a crash, at any call. */
    void act(Admission admission, Jobs jobs) {
        if (unanswered.isEmpty() && submitted < MOST_JOBS && random.nextInt(10) == 0)
            unanswered = Optional.of(wanted(++submitted));
        askAgain(admission);
        if (mine.isEmpty() || random.nextInt(12) > 0) return;
        JobId id = mine.get(random.nextInt(mine.size()));
        Optional<Job> found = jobs.find(id);
        if (found.isEmpty()) return;
        Job job = found.get();
        if (job.state().ended()) afterTheEnd(admission, jobs, job);
        else wish(admission, job);
    }

    void askAgain(Admission admission) {
        if (unanswered.isEmpty()) return;
        switch (admission.submit(unanswered.get())) {
            case Answer.Accepted accepted -> answered(accepted.job());
            case Answer.Repeated repeated -> answered(repeated.job());
            case Answer.Taken taken -> throw new AssertionError("no client id was given: " + taken);
            case Answer.KeyReused reused -> throw new AssertionError("the same request is another one: " + reused);
            case Answer.Refused refused -> throw new AssertionError(refused.toString());
        }
    }

    boolean waitForAnAnswer() {
        return unanswered.isPresent();
    }

    private void answered(Job job) {
        checker.acknowledged(job.id());
        mine.add(job.id());
        unanswered = Optional.empty();
    }

    private void wish(Admission admission, Job job) {
        int dice = random.nextInt(100);
        Wish wish = dice < 35 ? Wish.CANCEL : dice < 60 ? Wish.PAUSE : dice < 88 ? Wish.RUN : Wish.DELETE;
        // From here on it may be gone, also when the answer to this request never comes.
        if (wish == Wish.DELETE) checker.mayGo(job.id());
        admission.wish(job.id(), wish).ifPresent(after -> {
            if (wish.ends() && !after.state().ended()) checker.cancelled(job.id());
        });
    }

    private void afterTheEnd(Admission admission, Jobs jobs, Job job) {
        if (random.nextInt(3) == 0) {
            checker.mayGo(job.id());
            jobs.remove(job.id());
        } else if (submitted++ < MOST_JOBS && admission.retry(job, Optional.empty()) instanceof Answer.Accepted again)
            answered(again.job());
    }

    private Wanted wanted(int number) {
        String name = "run-" + number;
        return new Wanted(
                new Identity(Identity.DEFAULT_PROJECT, "trainyard", "", Optional.empty(), 1),
                spec(name),
                "{}",
                List.of(),
                Map.of(),
                name.getBytes(StandardCharsets.UTF_8),
                Optional.of(name));
    }

    private JobSpec spec(String name) {
        var order = List.of(List.of("cluster", "machine"), List.of("machine", "cluster"), List.of("machine"))
                .get(random.nextInt(3));
        var policy = new Policy(
                random.nextInt(3) == 0 ? Optional.of(Duration.ofSeconds(random.nextInt(30, 400))) : Optional.empty(),
                3,
                random.nextInt(2),
                Optional.of(Duration.ofSeconds(random.nextInt(5, 60))),
                random.nextInt(3));
        return new JobSpec(
                name,
                JobSpec.Framework.CUSTOM,
                new Model("huggingface", "org/base", "main", Optional.empty(), Optional.empty()),
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
                new Resources(1, random.nextInt(3), Optional.empty(), random.nextInt(1, 4), 4, Optional.empty()),
                new Artifacts(Optional.empty(), Optional.empty(), Optional.empty(), Artifacts.Checkpoints.DEFAULT),
                Container.NONE,
                Map.of(),
                Map.of(),
                List.of(),
                new Placement(
                        order,
                        random.nextInt(3) > 0,
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        false,
                        Map.of()),
                policy,
                Settings.NONE);
    }
}
