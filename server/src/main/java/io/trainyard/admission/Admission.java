package io.trainyard.admission;

import io.trainyard.backend.Backend;
import io.trainyard.backend.Check;
import io.trainyard.backend.Places;
import io.trainyard.backend.Plan;
import io.trainyard.job.Event;
import io.trainyard.job.Identity;
import io.trainyard.job.Job;
import io.trainyard.job.JobId;
import io.trainyard.job.JobState;
import io.trainyard.job.Outcome;
import io.trainyard.job.Queue.Demand;
import io.trainyard.job.Rules;
import io.trainyard.job.Slots;
import io.trainyard.job.Wish;
import io.trainyard.secrets.Sealer;
import io.trainyard.spec.JobSpec;
import io.trainyard.spec.SecretRef;
import io.trainyard.store.Jobs;
import io.trainyard.store.Jobs.Creation;
import io.trainyard.store.Jobs.NewJob;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;

/** Turns what is asked into recorded intent. It never starts or stops anything: the reconciler sees the record. */
public final class Admission {
    /** How long a backend may take to say what only the world knows. */
    private static final Duration CHECK_WITHIN = Duration.ofSeconds(5);

    private final Jobs jobs;
    private final Placer placer;
    private final Sealer sealer;
    private final InstantSource clock;
    private final RandomGenerator random;

    public Admission(Jobs jobs, Placer placer, Sealer sealer, InstantSource clock, RandomGenerator random) {
        this.jobs = jobs;
        this.placer = placer;
        this.sealer = sealer;
        this.clock = clock;
        this.random = random;
    }

    /** Returns when the job is on disk, or with the reason why there is none. */
    public Answer submit(Wanted wanted) {
        var preview = preview(wanted);
        if (!preview.plan().objections().isEmpty())
            return new Answer.Refused(preview.plan().objections());
        return record(job(wanted, preview, clock.instant()), preview.plan().demand(), wanted, prints(wanted));
    }

    /** As {@link #submit}, but the job is born paused and waits until it is resumed. */
    public Answer hold(Wanted wanted) {
        var preview = preview(wanted);
        if (!preview.plan().objections().isEmpty())
            return new Answer.Refused(preview.plan().objections());
        Instant now = clock.instant();
        Job held = submitted(wanted, preview, now).withWish(Wish.PAUSE, now).withState(new JobState.Paused(1), now);
        return record(
                held,
                history(held, Event.of(held, Event.Kind.PAUSED, "not started until that is asked for", now)),
                wanted,
                prints(wanted));
    }

    /** A job that need not wait for a slot is born with it. */
    private Answer record(Job job, Demand demand, Wanted wanted, Prints prints) {
        if (!(job.state() instanceof JobState.Queued queued))
            // Rendered: over before it begins.
            return record(
                    job,
                    history(job, Event.of(job, Event.Kind.RENDERED, "rendered, not started", job.created())),
                    wanted,
                    prints);
        try (Slots.Claim claim = placer.claim(job.backend(), demand)) {
            if (claim.grant().isEmpty()) return record(job, history(job), wanted, prints);
            var granted = Rules.granted(job, queued, claim.grant().get(), job.created());
            Job launching = granted.next();
            var event = Event.of(launching, granted.kind(), granted.message(), job.created());
            return record(launching, history(job, event), wanted, prints);
        }
    }

    /** Its first events, in order. */
    private List<Event> history(Job job, Event... then) {
        var events = new ArrayList<Event>();
        events.add(Event.of(job, Event.Kind.SUBMITTED, "submitted", job.created()));
        Optional<String> first =
                placer.order(job.identity(), job.spec()).stream().findFirst();
        if (first.isPresent() && !first.get().equals(job.backend()) && mayPass(first.get(), job.spec()))
            events.add(Event.of(
                    job,
                    Event.Kind.FALLBACK,
                    first.get() + " takes no jobs here (it only renders them), going on with " + job.backend(),
                    job.created()));
        events.addAll(List.of(then));
        return events;
    }

    /** A job that may fall back does not end as a rendered one while another backend of its placement would run it. */
    private boolean mayPass(String backend, JobSpec spec) {
        return spec.placement().fallback() && rendersOnly(backend);
    }

    /**
     * Fingerprints, which tell a repeat from something new.
     *
     * @param request of what the job is to do
     * @param asked of what was asked just now: of a retry not the same
     */
    private record Prints(byte[] request, byte[] asked) {}

    private Prints prints(Wanted wanted) {
        byte[] asked = sealer.fingerprint(wanted.canonical());
        return new Prints(asked, asked);
    }

    private Answer record(Job job, List<Event> history, Wanted wanted, Prints prints) {
        Creation creation = jobs.create(new NewJob(
                job,
                history,
                sealer.seal(job.id().value(), named(wanted.secrets())),
                prints.request(),
                wanted.idempotencyKey().map(text -> new Jobs.Key(text, prints.asked())),
                wanted.idForGood()));
        return switch (creation) {
            case Creation.Created created -> new Answer.Accepted(created.job());
            case Creation.Repeated repeated -> new Answer.Repeated(repeated.job());
            case Creation.ClientIdTaken taken -> new Answer.Taken(taken.job());
            case Creation.KeyReused reused -> new Answer.KeyReused(reused.job());
        };
    }

    /** What would happen, with nothing kept. */
    public record Preview(String backend, Plan plan) {}

    /** The plan of the first backend of the placement that has no objection and runs jobs, or else of the first one. */
    public Preview preview(Wanted wanted) {
        Optional<Preview> first = Optional.empty();
        var order = placer.order(wanted.identity(), wanted.spec());
        for (String name : order) {
            Optional<Backend> backend = placer.named(name);
            if (backend.isEmpty()) return new Preview(name, unknown(name));
            var preview = new Preview(name, judged(wanted, backend.get()));
            if (preview.plan().objections().isEmpty() && !mayPass(name, wanted.spec())) return preview;
            if (first.isEmpty()) first = Optional.of(preview);
        }
        return first.orElseThrow();
    }

    /** Every backend of the placement in its order with its plan, without asking the world. */
    public List<Preview> order(Wanted wanted) {
        return placer.order(wanted.identity(), wanted.spec()).stream()
                .map(name -> new Preview(
                        name,
                        placer.named(name)
                                .map(backend -> backend.plan(wanted.spec().on(name)))
                                .orElseGet(() -> unknown(name))))
                .toList();
    }

    /** The job a dry run speaks of; it is not recorded. */
    public Job sketch(Wanted wanted, Preview preview) {
        return job(wanted, preview, clock.instant());
    }

    private Job job(Wanted wanted, Preview preview, Instant now) {
        Job job = submitted(wanted, preview, now);
        // Over before it begins: no grant, no attempt, nothing for the reconciler to look at.
        return rendersOnly(job.backend()) ? job.withState(new JobState.Done(new Outcome.Rendered(), now), now) : job;
    }

    private Job submitted(Wanted wanted, Preview preview, Instant now) {
        var warnings = new ArrayList<>(wanted.warnings());
        warnings.addAll(preview.plan().warnings());
        return Job.submitted(
                JobId.create(now, random),
                wanted.identity(),
                wanted.spec(),
                wanted.request(),
                warnings,
                preview.backend(),
                now);
    }

    private boolean rendersOnly(String backend) {
        return placer.named(backend).filter(Backend::rendersOnly).isPresent();
    }

    /**
     * What a rendered job would have created. Rendered again from the spec at each call: creating a job keeps no copy,
     * and what is read follows the backend's present settings. Empty for every other job.
     */
    public Optional<String> manifest(Job job) {
        if (!(job.state() instanceof JobState.Done(Outcome.Rendered _, Instant _))) return Optional.empty();
        return placer.named(job.backend())
                .map(backend -> backend.plan(job.spec().on(job.backend())).manifest());
    }

    /** Where the files of a job lie; empty when its backend is not there any more. */
    public Optional<Places> places(Job job) {
        return placer.named(job.backend())
                .map(backend -> backend.places(job.id(), jobs.origin(job).value(), job.spec()));
    }

    private static Plan judged(Wanted wanted, Backend backend) {
        JobSpec spec = wanted.spec().on(backend.name());
        Plan plan = backend.plan(spec);
        if (!plan.objections().isEmpty()) return plan;
        return switch (backend.check(spec, CHECK_WITHIN)) {
            case Check.Passed _, Check.Unknown _ -> plan;
            case Check.Objected objected ->
                new Plan(objected.objections(), plan.warnings(), plan.demand(), plan.manifest());
        };
    }

    private Plan unknown(String name) {
        String objection = "placement.backends: \"%s\" is not configured here; available: %s"
                .formatted(name, String.join(", ", placer.names()));
        return new Plan(List.of(objection), List.of(), new Demand(0, 0, 0), "");
    }

    private static Map<String, String> named(Map<SecretRef, String> secrets) {
        var named = new HashMap<String, String>();
        secrets.forEach((reference, value) -> named.put(reference.name(), value));
        return named;
    }

    /** A finished job once more, as a new job on the same checkpoints. */
    public Answer retry(Job finished, Optional<String> idempotencyKey) {
        var wanted = new Wanted(
                finished.identity(),
                finished.spec(),
                finished.request(),
                List.of(),
                opened(finished),
                ("retry " + finished.id()).getBytes(StandardCharsets.UTF_8),
                idempotencyKey);
        Preview preview = preview(wanted);
        if (!preview.plan().objections().isEmpty())
            return new Answer.Refused(preview.plan().objections());
        return record(
                job(wanted, preview, clock.instant()).asRetryOf(finished),
                preview.plan().demand(),
                wanted,
                // Its client may send the same request once more, and that is then a repeat of this job's.
                new Prints(jobs.fingerprint(finished.id()), prints(wanted).asked()));
    }

    /** @param spec the original's, as the copy shall have it; the copy gets the original's secrets */
    public record Copy(Job original, Identity identity, JobSpec spec, List<String> warnings) {
        public Copy {
            warnings = List.copyOf(warnings);
        }
    }

    /** A job like another, whatever became of that: its spec and secrets, nothing of its run. */
    public Answer copy(Copy copy, String asked, Optional<String> idempotencyKey) {
        return submit(new Wanted(
                copy.identity(),
                copy.spec(),
                "",
                copy.warnings(),
                opened(copy.original()),
                asked.getBytes(StandardCharsets.UTF_8),
                idempotencyKey));
    }

    private Map<SecretRef, String> opened(Job job) {
        var opened = new HashMap<SecretRef, String>();
        sealer.unseal(job.id().value(), jobs.secrets(job.id()))
                .forEach((name, value) -> opened.put(new SecretRef(name), value));
        return opened;
    }

    /** Records what the owner wants of a job; a finished job stays as it is. */
    public Optional<Job> wish(JobId id, Wish wish) {
        return jobs.wish(id, wish, clock.instant());
    }
}
