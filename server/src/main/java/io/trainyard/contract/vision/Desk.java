package io.trainyard.contract.vision;

import io.trainyard.admission.Admission;
import io.trainyard.admission.Answer;
import io.trainyard.admission.Wanted;
import io.trainyard.http.Refusal;
import io.trainyard.job.Job;
import io.trainyard.job.Wish;
import io.trainyard.store.Jobs;
import java.time.Duration;
import java.util.Optional;
import java.util.random.RandomGenerator;
import tools.jackson.databind.JsonNode;

/** What is asked of jobs, whichever of the two services it is asked of. */
final class Desk {
    /** A job that never ran is cancelled by one write of the reconciler's. */
    private static final Duration UNTIL_CANCELLED = Duration.ofSeconds(10);

    private static final Duration LOOK_EVERY = Duration.ofMillis(5);
    private static final int MAX_ID = Integer.MAX_VALUE;

    private final Admission admission;
    private final Jobs jobs;
    private final VisionSettings settings;
    private final RandomGenerator random;

    /** @param random gives ids to jobs that come without one */
    Desk(Admission admission, Jobs jobs, VisionSettings settings, RandomGenerator random) {
        this.admission = admission;
        this.jobs = jobs;
        this.settings = settings;
        this.random = random;
    }

    /** @throws Refusal 404 */
    Job find(String id) {
        return look(id).orElseThrow(() -> new Refusal(404, "Training job " + id + " not found"));
    }

    Optional<Job> look(String id) {
        return jobs.newest(Translator.identity(id));
    }

    /** Recorded, and started only when asked. */
    Answer create(Request request, Optional<String> key) {
        Wanted wanted = wanted(request, request.id().orElseGet(this::freeId), key);
        return admission.hold(wanted);
    }

    Answer launch(Request request, Optional<String> key) {
        return admission.submit(wanted(request, request.id().orElseThrow(), key));
    }

    private Wanted wanted(Request request, String id, Optional<String> key) {
        var translator = new Translator(request, id, settings);
        translator.objection().ifPresent(objection -> {
            throw new Refusal(400, objection);
        });
        return translator.wanted(key);
    }

    private String freeId() {
        while (true) {
            String id = Integer.toString(random.nextInt(1, MAX_ID));
            if (look(id).isEmpty()) return id;
        }
    }

    /**
     * Starts a pending job. One that shall start otherwise than it was created is replaced by its next generation, since
     * what was asked never changes.
     *
     * @param otherwise the fields that differ, as far as they are not null
     */
    Job start(Job pending, JsonNode otherwise) {
        Request before = Request.kept(pending.request(), pending.identity().clientId());
        Request after = before.with(otherwise);
        if (after.body().equals(before.body())) return wish(pending, Wish.RUN);
        String id = pending.identity().clientId().orElseThrow();
        Wanted wanted = wanted(after, id, Optional.empty());
        // Judged before the first one goes.
        var plan = admission.preview(wanted).plan();
        if (!plan.objections().isEmpty()) throw new Refusal(400, String.join("; ", plan.objections()));
        cancelled(pending);
        return started(admission.submit(wanted));
    }

    private void cancelled(Job pending) {
        wish(pending, Wish.CANCEL);
        for (long waited = 0; waited < UNTIL_CANCELLED.toMillis(); waited += LOOK_EVERY.toMillis()) {
            if (jobs.find(pending.id()).filter(job -> !job.state().ended()).isEmpty()) return;
            try {
                Thread.sleep(LOOK_EVERY);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                break;
            }
        }
        throw new Refusal(503, "the job as it was created has not made way yet; restart it once it is cancelled");
    }

    Job restart(Job finished) {
        return started(admission.retry(finished, Optional.empty()));
    }

    private static Job started(Answer answer) {
        return switch (answer) {
            case Answer.Accepted accepted -> accepted.job();
            case Answer.Repeated repeated -> repeated.job();
            case Answer.Refused refused -> throw new Refusal(400, String.join("; ", refused.objections()));
            case Answer.Taken taken ->
                throw new Refusal(
                        409, "Training job " + taken.job().identity().clientId().orElse("") + " is already running");
            case Answer.KeyReused _ -> throw new IllegalStateException("a start has no idempotency key");
        };
    }

    Job wish(Job job, Wish wish) {
        return admission
                .wish(job.id(), wish)
                .orElseThrow(() -> new Refusal(
                        404, "Training job " + job.identity().clientId().orElse("") + " not found"));
    }
}
