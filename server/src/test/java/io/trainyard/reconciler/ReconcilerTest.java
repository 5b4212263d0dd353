package io.trainyard.reconciler;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.backend.Backend;
import io.trainyard.backend.simulated.SimulatedBackend;
import io.trainyard.job.Attempt;
import io.trainyard.job.Backoff;
import io.trainyard.job.Event;
import io.trainyard.job.Job;
import io.trainyard.job.JobId;
import io.trainyard.job.JobState;
import io.trainyard.job.JobState.Done;
import io.trainyard.job.Outcome;
import io.trainyard.job.SomeJob;
import io.trainyard.job.Wish;
import io.trainyard.secrets.Sealer;
import io.trainyard.spec.JobSpec;
import io.trainyard.store.Jobs;
import io.trainyard.store.MemoryStore;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The real threads over a store in memory and scripted runs of some milliseconds. */
class ReconcilerTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    @TempDir
    Path folder;

    /** Ten times as fast as the wall, so that a back-off of ten seconds passes within the patience. */
    private final InstantSource clock = new Hurried(InstantSource.system(), Instant.now());

    private final MemoryStore store = new MemoryStore(clock);
    private final LinkedBlockingQueue<JobId> changed = new LinkedBlockingQueue<>();
    private Optional<Running> running = Optional.empty();

    private record Hurried(InstantSource wall, Instant began) implements InstantSource {
        @Override
        public Instant instant() {
            Instant now = wall.instant();
            return now.plus(Duration.between(began, now).multipliedBy(9));
        }
    }

    private record Running(Reconciler reconciler, SimulatedBackend backend) {
        void close() {
            reconciler.close();
            backend.close();
        }
    }

    @BeforeEach
    void start() {
        store.subscribe(change -> changed.add(change.job()));
        start(backend -> backend);
    }

    private void start(UnaryOperator<Backend> between) {
        var hint = new AtomicReference<Consumer<JobId>>(_ -> {});
        var backend = new SimulatedBackend(
                folder.resolve("ledger"),
                Duration.ofMillis(100),
                4,
                clock,
                job -> hint.get().accept(job));
        var sealer = Sealer.open(folder.resolve("secrets.key"));
        var reconciler = new Reconciler(
                store,
                List.of(between.apply(backend)),
                new Launches(store.jobs(), sealer, _ -> Optional.empty()),
                new Account(() -> false),
                new Reconciler.Timing(clock, Duration.ofMillis(50), Backoff.DEFAULT));
        hint.set(reconciler::look);
        reconciler.start();
        running = Optional.of(new Running(reconciler, backend));
    }

    @AfterEach
    void stop() {
        running.ifPresent(Running::close);
    }

    @Test
    void a_submitted_job_runs_and_succeeds() {
        JobId id = submit("wait 20ms, run 50ms, succeed");
        ended(id, new Outcome.Succeeded());
        assertEquals(
                List.of(Event.Kind.SUBMITTED, Event.Kind.LAUNCHING), kinds(id).subList(0, 2));
        assertEquals(Event.Kind.SUCCEEDED, kinds(id).getLast());
    }

    @Test
    void a_running_job_is_cancelled() {
        JobId id = submit("stall");
        await(id, job -> job.state() instanceof JobState.Running);
        store.jobs().wish(id, Wish.CANCEL, clock.instant());
        ended(id, new Outcome.Cancelled());
    }

    @Test
    void a_paused_job_waits_until_it_is_resumed() {
        JobId id = submit("stall | run 10ms, succeed");
        await(id, job -> job.state() instanceof JobState.Running);
        store.jobs().wish(id, Wish.PAUSE, clock.instant());
        await(id, job -> job.state() instanceof JobState.Paused);
        store.jobs().wish(id, Wish.RUN, clock.instant());
        ended(id, new Outcome.Succeeded());
    }

    @Test
    void a_lost_node_costs_an_attempt_and_not_the_job() {
        JobId id = submit("fail node_lost | run 100ms, succeed");
        ended(id, new Outcome.Succeeded());
        assertEquals(2, store.jobs().attempts(id).size());
        assertTrue(kinds(id).contains(Event.Kind.RETRYING));
    }

    @Test
    void a_job_to_be_deleted_is_gone_after_its_end() {
        JobId id = submit("stall");
        await(id, job -> job.state() instanceof JobState.Running);
        store.jobs().wish(id, Wish.DELETE, clock.instant());
        until(() -> store.jobs().find(id).isEmpty(), id);
    }

    @Test
    void a_job_that_throws_holds_up_no_other() {
        stop();
        start(backend -> failing(backend, "observe", "cannot be looked at"));
        JobId broken = submit("wait 10m");
        ended(submit("run 20ms, succeed"), new Outcome.Succeeded());
        assertInstanceOf(
                JobState.Launching.class,
                store.jobs().find(broken).orElseThrow().state());
    }

    @Test
    void a_job_that_cannot_be_planned_holds_up_no_other() {
        stop();
        start(backend -> failing(backend, "plan", "cannot be planned"));
        JobId broken = submit("wait 10m");
        ended(submit("run 20ms, succeed"), new Outcome.Succeeded());
        assertInstanceOf(
                JobState.Queued.class, store.jobs().find(broken).orElseThrow().state());
    }

    /** Throws at this verb about every job that waits for ten minutes. */
    private Backend failing(Backend backend, String verb, String why) {
        return (Backend) Proxy.newProxyInstance(
                Backend.class.getClassLoader(), new Class<?>[] {Backend.class}, (_, method, arguments) -> {
                    boolean here = method.getName().equals(verb);
                    if (here && about(arguments[0]).annotations().containsValue("wait 10m"))
                        throw new IllegalStateException(why);
                    try {
                        return method.invoke(backend, arguments);
                    } catch (InvocationTargetException thrown) {
                        throw thrown.getTargetException();
                    }
                });
    }

    private JobSpec about(Object argument) {
        return switch (argument) {
            case JobSpec spec -> spec;
            case Attempt attempt ->
                store.jobs().find(attempt.job()).orElseThrow().spec();
            default -> throw new AssertionError(argument);
        };
    }

    @Test
    void a_server_started_anew_goes_on_where_the_last_one_was() {
        JobId runs = submit("run 3s, succeed");
        await(runs, job -> job.state() instanceof JobState.Running);
        stop();
        JobId queued = submit("run 10ms, succeed");
        start(backend -> backend);
        ended(runs, new Outcome.Succeeded());
        ended(queued, new Outcome.Succeeded());
        assertEquals(1, store.jobs().attempts(runs).size());
    }

    @Test
    void more_jobs_than_slots_all_get_their_turn() {
        var ids = List.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12).stream()
                .map(_ -> submit("run 50ms, succeed"))
                .toList();
        for (JobId id : ids) ended(id, new Outcome.Succeeded());
    }

    private JobId submit(String script) {
        Job job = SomeJob.PLAIN.annotated(SimulatedBackend.SCRIPT, script).queued(clock.instant());
        var submitted = Event.of(job, Event.Kind.SUBMITTED, "submitted", job.created());
        store.jobs().create(new Jobs.NewJob(job, submitted, Map.of(), new byte[0], Optional.empty()));
        return job.id();
    }

    private void ended(JobId id, Outcome outcome) {
        await(id, job -> job.state().ended());
        var done =
                assertInstanceOf(Done.class, store.jobs().find(id).orElseThrow().state());
        assertEquals(outcome, done.outcome());
    }

    private List<Event.Kind> kinds(JobId id) {
        return store.events().after(id, 0, 100).stream().map(Event::kind).toList();
    }

    private void await(JobId id, Predicate<Job> condition) {
        until(() -> store.jobs().find(id).filter(condition).isPresent(), id);
    }

    /** Looks again at each commit, and sleeps in between. */
    private void until(java.util.function.BooleanSupplier condition, JobId id) {
        Instant deadline = Instant.now().plus(PATIENCE);
        while (!condition.getAsBoolean()) {
            if (Instant.now().isAfter(deadline))
                throw new AssertionError("still " + store.jobs().find(id));
            try {
                var _ = changed.poll(100, TimeUnit.MILLISECONDS);
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }
    }
}
