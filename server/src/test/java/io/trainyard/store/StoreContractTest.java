package io.trainyard.store;

import static io.trainyard.store.Samples.NOON;
import static io.trainyard.store.Samples.done;
import static io.trainyard.store.Samples.event;
import static io.trainyard.store.Samples.launching;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.job.Event;
import io.trainyard.job.Grant;
import io.trainyard.job.Job;
import io.trainyard.job.JobId;
import io.trainyard.job.JobState;
import io.trainyard.job.Outcome;
import io.trainyard.job.Rules;
import io.trainyard.job.Wish;
import io.trainyard.store.Jobs.Creation;
import io.trainyard.store.Samples.Draft;
import io.trainyard.store.Store.Change;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What creating promises, whoever keeps the jobs; the rest of the contract is in the classes below. Long because one class is what a store has to pass. */
abstract class StoreContractTest {
    static final Draft PLAIN = Draft.PLAIN;
    static final int CLIENTS = 64;

    Instant now = NOON;
    Store store;
    Jobs jobs;

    abstract Store open(InstantSource clock);

    @BeforeEach
    void openStore() {
        store = open(() -> now);
        jobs = store.jobs();
    }

    @AfterEach
    void closeStore() {
        store.close();
    }

    Job created(Draft draft) {
        return created(draft.wanted());
    }

    Job created(Jobs.NewJob wanted) {
        return assertInstanceOf(Creation.Created.class, jobs.create(wanted)).job();
    }

    Job found(Job job) {
        return jobs.find(job.id()).orElseThrow();
    }

    /** Writes it and reads it again. */
    Job moved(Job next, Event.Kind kind) {
        assertTrue(jobs.transition(next, event(next, kind)));
        return found(next);
    }

    Job finished(Job job) {
        return moved(done(job, new Outcome.Succeeded()), Event.Kind.SUCCEEDED);
    }

    List<Event> history(Job job) {
        return store.events().after(job.id(), 0, 100);
    }

    @Test
    void a_created_job_is_found_as_it_was_given() {
        var wanted = PLAIN.labelled(java.util.Map.of("team", "a")).told().wanted();
        Job job = created(wanted);
        assertEquals(wanted.job(), job);
        assertEquals(Optional.of(job), jobs.find(job.id()));
        assertArrayEquals(new byte[] {1, 2, 3, 0, -1}, jobs.secrets(job.id()).get("token"));
        var first = history(job).getFirst();
        assertEquals(1, first.sequence());
        assertEquals(Event.Kind.SUBMITTED, first.kind());
        assertEquals(NOON, first.at());
    }

    @Test
    void a_job_that_is_created_with_a_slot_holds_it_at_once() {
        var changes = new ConcurrentLinkedQueue<Change.Kind>();
        store.subscribe(change -> changes.add(change.kind()));
        var plain = PLAIN.wanted();
        var queued = assertInstanceOf(JobState.Queued.class, plain.job().state());
        var granted = Rules.granted(plain.job(), queued, new Grant(List.of(), 1, 1), NOON);
        var history =
                List.of(plain.history().getFirst(), Event.of(granted.next(), granted.kind(), granted.message(), NOON));
        Job job = created(new Jobs.NewJob(granted.next(), history, Map.of(), new byte[] {1}, Optional.empty(), false));
        assertEquals(granted.next(), found(job));
        var attempt = job.state().liveAttempt().orElseThrow();
        assertEquals(List.of(attempt), jobs.live(job.backend()));
        assertEquals(
                List.of(attempt),
                jobs.attempts(job.id()).stream()
                        .map(Jobs.AttemptRecord::attempt)
                        .toList());
        assertEquals(List.of(job.id()), jobs.active());
        assertEquals(List.of(), jobs.waiting(job.backend(), NOON, 1));
        assertEquals(2, store.events().after(job.id(), 0, 9).size());
        store.close(); // a hint may come after its verb, but not after the end
        assertEquals(List.of(Change.Kind.CREATED, Change.Kind.STATE), List.copyOf(changes));
    }

    @Test
    void a_job_that_is_over_when_it_is_created_has_its_whole_history_and_never_moves() {
        Job over = done(PLAIN.withClientId("mine").told().job(), new Outcome.Rendered());
        var history = List.of(event(over, Event.Kind.SUBMITTED), event(over, Event.Kind.RENDERED));
        Job job = created(new Jobs.NewJob(over, history, Map.of(), new byte[] {1}, Optional.empty()));
        assertEquals(over, found(job));
        assertEquals(List.of(1L, 2L), history(job).stream().map(Event::sequence).toList());
        assertEquals(
                List.of(Event.Kind.SUBMITTED, Event.Kind.RENDERED),
                history(job).stream().map(Event::kind).toList());
        assertEquals(List.of(), jobs.active());
        assertEquals(List.of(), jobs.waiting(job.backend(), now.plusSeconds(9), 10));
        assertFalse(jobs.transition(launching(job, 1), event(job, Event.Kind.LAUNCHING)));
        assertEquals(Optional.of(job), jobs.wish(job.id(), Wish.CANCEL, now));
        store.events().append(event(job, Event.Kind.WARNING));
        assertEquals(3, history(job).getLast().sequence());
        var told = new ArrayList<Event.Kind>();
        for (var due = store.outbox().due(NOON.plusSeconds(9), 10); !due.isEmpty(); ) {
            told.add(due.getFirst().event().kind());
            store.outbox().settled(due.getFirst().id(), Optional.empty());
            due = store.outbox().due(NOON.plusSeconds(9), 10);
        }
        assertEquals(List.of(Event.Kind.SUBMITTED, Event.Kind.RENDERED, Event.Kind.WARNING), told);
        assertEquals(2, created(PLAIN.withClientId("mine")).identity().generation());
    }

    @Test
    void a_job_without_a_history_is_refused() {
        var wanted = PLAIN.wanted();
        assertThrows(
                IllegalArgumentException.class,
                () -> new Jobs.NewJob(wanted.job(), List.of(), Map.of(), new byte[0], Optional.empty()));
    }

    @Test
    void what_was_never_created_is_not_found() {
        Job job = PLAIN.job();
        assertEquals(Optional.empty(), jobs.find(job.id()));
        assertEquals(Optional.empty(), jobs.newest(job.identity()));
        assertEquals(Optional.empty(), jobs.wish(job.id(), Wish.CANCEL, now));
        assertFalse(jobs.transition(launching(job, 1), event(job, Event.Kind.LAUNCHING)));
        assertFalse(jobs.remove(job.id()));
        assertEquals(List.of(), jobs.attempts(job.id()));
        assertTrue(jobs.secrets(job.id()).isEmpty());
        assertEquals(0, jobs.ahead(job));
        store.events().append(event(job, Event.Kind.WARNING));
        assertEquals(List.of(), history(job));
    }

    @Test
    void an_equal_request_under_the_same_key_is_the_first_job_as_it_stands_now() {
        Job first = created(PLAIN.wantedWithKey("body", "k"));
        jobs.wish(first.id(), Wish.CANCEL, now);
        assertEquals(new Creation.Repeated(found(first)), jobs.create(PLAIN.wantedWithKey("body", "k")));
    }

    @Test
    void another_request_under_the_same_key_is_refused() {
        Job first = created(PLAIN.wantedWithKey("body", "k"));
        assertEquals(new Creation.KeyReused(first), jobs.create(PLAIN.wantedWithKey("other", "k")));
    }

    @Test
    void a_key_belongs_to_one_project() {
        created(PLAIN.wantedWithKey("body", "k"));
        created(PLAIN.in("other", "trainer").wantedWithKey("different", "k"));
    }

    @Test
    void a_key_is_forgotten_after_24_hours() {
        Job first = created(PLAIN.wantedWithKey("body", "k"));
        now = NOON.plus(Duration.ofHours(24)).minusNanos(1);
        assertEquals(new Creation.Repeated(first), jobs.create(PLAIN.wantedWithKey("body", "k")));
        now = NOON.plus(Duration.ofHours(24));
        Job second = created(PLAIN.wantedWithKey("other", "k"));
        assertEquals(new Creation.Repeated(second), jobs.create(PLAIN.wantedWithKey("other", "k")));
    }

    @Test
    void the_key_is_looked_at_before_the_client_id() {
        Job keyed = created(PLAIN.wantedWithKey("body", "k"));
        created(PLAIN.withClientId("mine").wanted("body"));
        assertEquals(
                new Creation.Repeated(keyed),
                jobs.create(PLAIN.withClientId("mine").wantedWithKey("body", "k")));
    }

    @Test
    void an_unfinished_client_id_repeats_the_same_request_and_refuses_another() {
        Job first = created(PLAIN.withClientId("a/b ü").wanted("body"));
        assertEquals(
                new Creation.Repeated(first),
                jobs.create(PLAIN.withClientId("a/b ü").wanted("body")));
        assertEquals(
                new Creation.ClientIdTaken(first),
                jobs.create(PLAIN.withClientId("a/b ü").wanted("other")));
        created(PLAIN.withClientId("a/b ü").in("default", "vision").wanted("other"));
    }

    @Test
    void a_key_that_came_with_a_repeat_counts_from_then_on() {
        Job first = created(PLAIN.withClientId("mine").wanted("body"));
        jobs.create(PLAIN.withClientId("mine").wantedWithKey("body", "k"));
        assertEquals(new Creation.KeyReused(first), jobs.create(PLAIN.wantedWithKey("other", "k")));
    }

    @Test
    void a_client_id_that_is_taken_for_good_stays_taken_when_its_job_has_finished() {
        Job first = finished(created(forGood("body")));
        assertEquals(new Creation.Repeated(first), jobs.create(forGood("body")));
        assertEquals(new Creation.ClientIdTaken(first), jobs.create(forGood("other")));
        assertTrue(jobs.remove(first.id()));
        created(forGood("other"));
    }

    private static Jobs.NewJob forGood(String body) {
        var wanted = PLAIN.withClientId("mine").wanted(body);
        return new Jobs.NewJob(
                wanted.job(), wanted.history(), wanted.secrets(), wanted.fingerprint(), Optional.empty(), true);
    }

    @Test
    void what_was_asked_under_a_key_need_not_be_what_the_job_does() {
        var wanted = PLAIN.withClientId("mine").wanted("body");
        var key = new Jobs.Key("k", new byte[] {7});
        var retry = new Jobs.NewJob(
                wanted.job(), wanted.history(), wanted.secrets(), wanted.fingerprint(), Optional.of(key));
        Job made = created(retry);
        assertArrayEquals(wanted.fingerprint(), jobs.fingerprint(made.id()));
        assertInstanceOf(Creation.Repeated.class, jobs.create(retry));
        assertInstanceOf(
                Creation.Repeated.class, jobs.create(PLAIN.withClientId("mine").wanted("body")));
        var other = new Jobs.Key("k", wanted.fingerprint());
        assertInstanceOf(
                Creation.KeyReused.class,
                jobs.create(new Jobs.NewJob(
                        wanted.job(), wanted.history(), wanted.secrets(), wanted.fingerprint(), Optional.of(other))));
    }

    @Test
    void a_finished_client_id_starts_a_new_generation_with_the_same_checkpoints() {
        Job first = finished(created(PLAIN.withClientId("mine")));
        Job second = created(PLAIN.withClientId("mine"));
        assertEquals(2, second.identity().generation());
        assertEquals(Optional.of(first.id()), second.retryOf());
        assertEquals(second, found(second));
        assertEquals(Optional.of(second), jobs.newest(first.identity()));
        assertEquals(
                new Creation.Repeated(second),
                jobs.create(PLAIN.withClientId("mine").wanted()));
    }

    @Test
    void a_second_job_with_the_same_id_is_our_mistake_and_harms_nobody() {
        var wanted = PLAIN.wanted();
        Job job = created(wanted);
        assertThrows(IllegalStateException.class, () -> jobs.create(wanted));
        assertEquals(job, found(job));
        created(PLAIN);
    }

    @Test
    void whoever_listens_hears_of_each_commit() {
        var heard = new ConcurrentLinkedQueue<Change>();
        store.subscribe(heard::add);
        Job job = created(PLAIN.told());
        jobs.wish(job.id(), Wish.PAUSE, now);
        moved(launching(found(job), 1), Event.Kind.LAUNCHING);
        store.metrics().append(job.id(), List.of(new Metrics.Point("loss", 1, 1, 0.5, now)));
        store.logs().append(new Logs.Source(job.id(), 1, 0, "stdout"), List.of(new Logs.NewLine(now, "x")), 2);
        store.close(); // a hint may come after its verb, but not after the end
        assertEquals(
                Set.of(Change.Kind.values()),
                Set.copyOf(heard.stream().map(Change::kind).toList()));
        assertTrue(heard.stream().allMatch(change -> change.job().equals(job.id())));
    }

    @Test
    void of_many_clients_with_equal_ids_exactly_one_creates_each() throws InterruptedException {
        int ids = CLIENTS * 4 / 5;
        var made = new ConcurrentHashMap<String, JobId>();
        var clashes = new AtomicInteger();
        inParallel(client -> {
            String id = "run-" + client % ids;
            switch (jobs.create(PLAIN.withClientId(id).wanted())) {
                case Creation.Created creation -> {
                    if (made.put(id, creation.job().id()) != null) clashes.incrementAndGet();
                }
                case Creation.Repeated _ -> {}
                case Creation.ClientIdTaken _, Creation.KeyReused _ -> clashes.incrementAndGet();
            }
        });
        assertEquals(0, clashes.get());
        assertEquals(ids, made.size());
        assertEquals(
                ids, jobs.list(Jobs.Filter.ALL, Optional.empty(), 1000).jobs().size());
    }

    interface Client {
        void act(int number);
    }

    static void inParallel(Client client) throws InterruptedException {
        var failures = new ConcurrentLinkedQueue<Throwable>();
        var threads = new ArrayList<Thread>();
        for (int i = 0; i < CLIENTS; i++) {
            int number = i;
            threads.add(Thread.ofVirtual()
                    .uncaughtExceptionHandler((_, failed) -> failures.add(failed))
                    .start(() -> client.act(number)));
        }
        for (Thread thread : threads) thread.join();
        assertEquals(List.of(), List.copyOf(failures));
    }
}
