package io.trainyard.store;

import static io.trainyard.store.Samples.event;
import static io.trainyard.store.Samples.launching;
import static io.trainyard.store.Samples.running;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.job.Event;
import io.trainyard.job.Job;
import io.trainyard.job.JobId;
import io.trainyard.job.Outcome;
import io.trainyard.job.Wish;
import io.trainyard.store.Outbox.Delivery;
import io.trainyard.store.Outbox.LoggedTry;
import io.trainyard.store.Outbox.Result;
import io.trainyard.store.Outbox.Standing;
import io.trainyard.store.Outbox.Try;
import io.trainyard.store.Store.Change;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What the outbox promises, whoever keeps it. */
abstract class OutboxContractTest extends RecordsContractTest {
    private Delivery next(Job job) {
        return store.outbox().heads(job.id()).getFirst();
    }

    private Try tried(Delivery delivery, Result result) {
        return new Try(
                delivery.webhook(),
                delivery.event().sequence(),
                Optional.of(delivery.event().kind()),
                delivery.tries() + 1,
                now,
                Duration.ofMillis(12),
                result == Result.DELIVERED ? Optional.of(200) : Optional.empty(),
                result,
                result == Result.DELIVERED ? "" : "refused the connection");
    }

    private void delivered(Delivery delivery) {
        store.outbox().settled(delivery.id(), Optional.of(tried(delivery, Result.DELIVERED)));
    }

    @Test
    void the_outbox_hands_out_the_oldest_of_each_job_in_order() {
        Job job = created(PLAIN.told());
        Job other = created(PLAIN.told());
        created(PLAIN);
        moved(launching(job, 1), Event.Kind.LAUNCHING);
        jobs.wish(job.id(), Wish.CANCEL, now);
        var due = store.outbox().due(now.plusSeconds(5), 10);
        assertEquals(
                List.of(job.id(), other.id()), due.stream().map(Delivery::job).toList());
        assertEquals(history(job).getFirst(), due.getFirst().event());
        assertEquals(1, store.outbox().due(now.plusSeconds(5), 1).size());
        assertEquals(List.of(), store.outbox().due(now.minusSeconds(1), 10));
        delivered(due.getFirst());
        delivered(due.getFirst());
        assertEquals(Event.Kind.LAUNCHING, next(job).event().kind());
        store.outbox().settled(next(job).id(), Optional.empty());
        assertEquals(Event.Kind.CANCEL_REQUESTED, next(job).event().kind());
        assertEquals(1, store.outbox().tries(job.id(), 10).size());
    }

    @Test
    void each_webhook_of_a_job_has_an_order_of_its_own() {
        Job job = created(PLAIN.toldTwice());
        moved(launching(job, 1), Event.Kind.LAUNCHING);
        var heads = store.outbox().heads(job.id());
        assertEquals(List.of(0, 1), heads.stream().map(Delivery::webhook).toList());
        delivered(heads.getLast());
        assertEquals(
                List.of(Event.Kind.SUBMITTED, Event.Kind.LAUNCHING),
                store.outbox().heads(job.id()).stream()
                        .map(delivery -> delivery.event().kind())
                        .toList());
        assertEquals(2, store.outbox().due(now.plusSeconds(5), 10).size());
        assertEquals(new Standing(true, 2), store.outbox().standing(job.id(), 0));
        assertEquals(new Standing(true, 1), store.outbox().standing(job.id(), 1));
        assertEquals(new Standing(false, 0), store.outbox().standing(job.id(), 2));
    }

    @Test
    void a_failed_delivery_holds_back_what_follows_it() {
        Job job = created(PLAIN.told());
        moved(launching(job, 1), Event.Kind.LAUNCHING);
        var head = next(job);
        store.outbox().retryAt(head.id(), now.plusSeconds(60), tried(head, Result.FAILED));
        assertEquals(List.of(), store.outbox().due(now.plusSeconds(59), 10));
        assertEquals(1, next(job).tries());
        assertEquals(now.plusSeconds(60), next(job).due());
        assertEquals(Optional.of(now.plusSeconds(60)), store.outbox().nextDue(now));
        assertEquals(Optional.empty(), store.outbox().nextDue(now.plusSeconds(60)));
    }

    @Test
    void a_webhook_that_is_off_is_told_nothing_more_and_the_other_one_all() {
        Job job = created(PLAIN.toldTwice());
        var head = next(job);
        store.outbox().disable(job.id(), tried(head, Result.GONE));
        job = moved(launching(job, 1), Event.Kind.LAUNCHING);
        assertEquals(
                List.of(1),
                store.outbox().heads(job.id()).stream().map(Delivery::webhook).toList());
        assertEquals(new Standing(false, 0), store.outbox().standing(job.id(), 0));
        assertEquals(new Standing(true, 2), store.outbox().standing(job.id(), 1));
        store.outbox().settled(head.id(), Optional.empty());
        assertEquals(List.of(new LoggedTry(logged(job).getFirst().id(), tried(head, Result.GONE))), logged(job));
    }

    private List<LoggedTry> logged(Job job) {
        return store.outbox().tries(job.id(), 1000);
    }

    @Test
    void the_last_tries_are_kept_newest_first_exactly_as_they_were_made() {
        Job job = created(PLAIN.told());
        var head = next(job);
        var made = new ArrayList<Try>();
        for (int i = 0; i < Outbox.KEPT_TRIES + 7; i++) {
            var one = i % 2 == 0
                    ? tried(head, Result.FAILED)
                    : new Try(
                            0, 0, Optional.empty(), i, now, Duration.ofNanos(i), Optional.of(i), Result.DELIVERED, "");
            made.add(one);
            if (i % 2 == 0) store.outbox().retryAt(head.id(), now, one);
            else store.outbox().log(job.id(), one);
        }
        var kept = made.subList(7, made.size()).reversed();
        assertEquals(kept, logged(job).stream().map(LoggedTry::made).toList());
        assertEquals(
                kept.subList(0, 3),
                store.outbox().tries(job.id(), 3).stream().map(LoggedTry::made).toList());
        Job absent = PLAIN.told().job();
        store.outbox().log(absent.id(), made.getFirst());
        store.outbox().disable(absent.id(), made.getFirst());
        assertEquals(List.of(), logged(absent));
    }

    @Test
    void what_is_replayed_comes_after_what_waits_and_turns_its_webhook_on() {
        Job job = created(PLAIN.told());
        delivered(next(job));
        job = moved(launching(job, 1), Event.Kind.LAUNCHING);
        long first = logged(job).getFirst().id();
        assertTrue(store.outbox().replay(job.id(), first, now));
        assertEquals(Event.Kind.LAUNCHING, next(job).event().kind());
        delivered(next(job));
        assertEquals(Event.Kind.SUBMITTED, next(job).event().kind());
        store.outbox().disable(job.id(), tried(next(job), Result.GONE));
        assertTrue(store.outbox().replay(job.id(), first, now));
        assertEquals(new Standing(true, 1), store.outbox().standing(job.id(), 0));
    }

    @Test
    void what_waits_already_is_replayed_by_hurrying_it() {
        Job job = created(PLAIN.told());
        var head = next(job);
        store.outbox().retryAt(head.id(), now.plusSeconds(600), tried(head, Result.FAILED));
        assertTrue(store.outbox().replay(job.id(), logged(job).getFirst().id(), now));
        assertEquals(head.id(), next(job).id());
        assertEquals(now, next(job).due());
        assertEquals(new Standing(true, 1), store.outbox().standing(job.id(), 0));
    }

    @Test
    void a_heartbeat_and_another_jobs_try_are_not_replayed() {
        Job job = created(PLAIN.told());
        Job other = created(PLAIN.told());
        delivered(next(job));
        store.outbox()
                .log(
                        job.id(),
                        new Try(0, 0, Optional.empty(), 1, now, Duration.ZERO, Optional.of(500), Result.FAILED, "x"));
        assertFalse(store.outbox().replay(job.id(), logged(job).getFirst().id(), now));
        assertFalse(store.outbox().replay(other.id(), logged(job).getLast().id(), now));
        assertFalse(store.outbox().replay(job.id(), Long.MAX_VALUE, now));
        assertEquals(List.of(), store.outbox().heads(job.id()));
    }

    @Test
    void only_jobs_that_run_and_want_to_be_told_are_listed_as_running() {
        Job told = created(PLAIN.told());
        Job silent = created(PLAIN);
        Job off = created(PLAIN.told());
        created(PLAIN.told());
        for (Job job : List.of(told, silent, off))
            moved(running(moved(launching(job, 1), Event.Kind.LAUNCHING)), Event.Kind.RUNNING);
        store.outbox().disable(off.id(), tried(next(off), Result.GONE));
        assertEquals(List.of(told.id()), store.outbox().running());
        finished(found(told));
        assertEquals(List.of(), store.outbox().running());
    }

    @Test
    void listeners_hear_of_the_outbox_only_where_somebody_wants_to_be_told() {
        var heard = new ArrayList<JobId>();
        store.subscribe(change -> {
            if (change.kind() == Change.Kind.OUTBOX) heard.add(change.job());
        });
        Job silent = created(PLAIN);
        jobs.wish(silent.id(), Wish.PAUSE, now);
        Job job = created(PLAIN.told());
        jobs.wish(job.id(), Wish.PAUSE, now);
        store.events().append(event(found(job), Event.Kind.WARNING));
        delivered(next(job));
        store.outbox().replay(job.id(), logged(job).getFirst().id(), now);
        store.close();
        assertEquals(List.of(job.id(), job.id(), job.id(), job.id()), heard);
    }

    @Test
    void a_job_deleted_while_it_lived_stays_until_its_end_is_told_or_a_minute_is_over() {
        for (boolean answered : List.of(true, false)) {
            Job job = created(PLAIN.told());
            jobs.wish(job.id(), Wish.DELETE, now);
            job = moved(Samples.done(found(job), new Outcome.Cancelled()), Event.Kind.CANCELLED);
            assertFalse(jobs.remove(job.id()));
            if (answered) for (int i = 0; i < 3; i++) delivered(next(job));
            else now = job.updated().plus(Jobs.TELLING_BEFORE_REMOVAL);
            assertTrue(jobs.remove(job.id()));
        }
    }
}
