package io.trainyard.store;

import static io.trainyard.store.Samples.NOON;
import static io.trainyard.store.Samples.event;
import static io.trainyard.store.Samples.launching;
import static io.trainyard.store.Samples.waitingUntil;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.trainyard.job.Event;
import io.trainyard.job.Job;
import io.trainyard.job.Progress;
import io.trainyard.job.Wish;
import io.trainyard.store.Jobs.Filter;
import io.trainyard.store.Jobs.Page;
import io.trainyard.store.Metrics.Point;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What lists, the queue, metrics, logs and the outbox promise, whoever keeps them. */
abstract class RecordsContractTest extends SearchContractTest {
    private static final Filter ALL = Filter.ALL;

    private List<Job> listed(Filter filter) {
        return jobs.list(filter, Optional.empty(), 100).jobs();
    }

    @Test
    void a_list_is_newest_first_and_its_pages_stay_stable_while_jobs_come_and_go() {
        var made = new ArrayList<Job>();
        for (int i = 0; i < 7; i++) made.add(created(PLAIN));
        Page first = jobs.list(ALL, Optional.empty(), 3);
        assertEquals(List.of(made.get(6), made.get(5), made.get(4)), first.jobs());
        created(PLAIN);
        finished(made.get(4));
        jobs.remove(made.get(4).id());
        Page second = jobs.list(ALL, first.next(), 3);
        assertEquals(List.of(made.get(3), made.get(2), made.get(1)), second.jobs());
        Page third = jobs.list(ALL, second.next(), 3);
        assertEquals(List.of(made.getFirst()), third.jobs());
        assertEquals(Optional.empty(), third.next());
        assertThrows(IllegalArgumentException.class, () -> jobs.list(ALL, Optional.of("nonsense"), 3));
    }

    @Test
    void a_full_last_page_has_no_next() {
        created(PLAIN);
        created(PLAIN);
        assertEquals(Optional.empty(), jobs.list(ALL, Optional.empty(), 2).next());
    }

    @Test
    void each_filter_narrows_the_list() {
        Job plain = created(PLAIN);
        Job other = created(PLAIN.in("research", "vision").on("kubernetes").named("Résumé 100% DONE"));
        Job live = moved(launching(created(PLAIN), 1), Event.Kind.LAUNCHING);
        Job over = finished(created(PLAIN));
        var none = Optional.<String>empty();
        var any = List.<StateWord>of();
        assertEquals(List.of(other), listed(new Filter(Optional.of("research"), any, none, none, Map.of(), none)));
        assertEquals(List.of(other), listed(new Filter(none, any, Optional.of("vision"), none, Map.of(), none)));
        assertEquals(List.of(other), listed(new Filter(none, any, none, Optional.of("kubernetes"), Map.of(), none)));
        assertEquals(List.of(other), listed(new Filter(none, any, none, none, Map.of(), Optional.of("RÉSUMÉ 100%"))));
        assertEquals(List.of(), listed(new Filter(none, any, none, none, Map.of(), Optional.of("_"))));
        var states = List.of(StateWord.LAUNCHING, StateWord.SUCCEEDED);
        assertEquals(List.of(over, live), listed(new Filter(none, states, none, none, Map.of(), none)));
        assertEquals(
                List.of(plain),
                listed(new Filter(
                        Optional.of("default"),
                        List.of(StateWord.QUEUED),
                        Optional.of("trainer"),
                        Optional.of("local"),
                        Map.of(),
                        Optional.of("fine"))));
    }

    @Test
    void labels_narrow_the_list_together_and_page_as_well() {
        Job both = created(PLAIN.labelled(Map.of("team", "a", "tier", "1")));
        Job one = created(PLAIN.labelled(Map.of("team", "a", "tier", "2")));
        created(PLAIN.labelled(Map.of("team", "b", "tier", "1")));
        created(PLAIN);
        var none = Optional.<String>empty();
        var team = new Filter(none, List.of(), none, none, Map.of("team", "a"), none);
        assertEquals(List.of(one, both), listed(team));
        Page first = jobs.list(team, Optional.empty(), 1);
        assertEquals(List.of(one), first.jobs());
        assertEquals(List.of(both), jobs.list(team, first.next(), 1).jobs());
        assertEquals(
                List.of(both), listed(new Filter(none, List.of(), none, none, Map.of("team", "a", "tier", "1"), none)));
        assertEquals(
                List.of(), listed(new Filter(none, List.of(StateWord.RUNNING), none, none, Map.of("team", "a"), none)));
    }

    @Test
    void ids_are_found_by_their_beginning() {
        Job first = created(PLAIN);
        Job second = created(PLAIN);
        String all = first.id().value().substring(0, 12);
        var sorted = List.of(first.id(), second.id()).stream().sorted().toList();
        assertEquals(sorted, jobs.startingWith(all, 10));
        assertEquals(sorted.subList(0, 1), jobs.startingWith(all, 1));
        assertEquals(List.of(first.id()), jobs.startingWith(first.id().value(), 10));
        assertEquals(List.of(), jobs.startingWith("job_zzz", 10));
    }

    @Test
    void the_queue_goes_by_priority_and_then_by_arrival() {
        Job first = created(PLAIN);
        Job urgent = created(PLAIN.withPriority(5));
        Job second = created(PLAIN);
        Job cancelled = created(PLAIN.withPriority(9));
        jobs.wish(cancelled.id(), Wish.CANCEL, now);
        created(PLAIN.on("elsewhere"));
        assertEquals(List.of(urgent, first, second), jobs.waiting("local", now, 10));
        assertEquals(List.of(urgent), jobs.waiting("local", now, 1));
        assertEquals(0, jobs.ahead(urgent));
        assertEquals(1, jobs.ahead(first));
        assertEquals(2, jobs.ahead(second));
        moved(launching(urgent, 1), Event.Kind.LAUNCHING);
        assertEquals(List.of(first, second), jobs.waiting("local", now, 10));
        assertEquals(0, jobs.ahead(found(urgent)));
    }

    @Test
    void a_retry_waits_for_its_moment_and_keeps_its_place() {
        Job job = moved(launching(created(PLAIN), 1), Event.Kind.LAUNCHING);
        Job later = created(PLAIN);
        assertEquals(Optional.empty(), jobs.nextDue(now.minusSeconds(1)));
        job = moved(waitingUntil(job, now.plusSeconds(10)), Event.Kind.RETRYING);
        assertEquals(List.of(later), jobs.waiting("local", now, 10));
        assertEquals(Optional.of(now.plusSeconds(10)), jobs.nextDue(now));
        assertEquals(List.of(job, later), jobs.waiting("local", now.plusSeconds(10), 10));
        assertEquals(Optional.empty(), jobs.nextDue(now.plusSeconds(10)));
    }

    @Test
    void events_that_are_no_transition_are_numbered_with_the_others() {
        Job job = created(PLAIN);
        store.events().append(event(job, Event.Kind.WARNING));
        moved(launching(job, 1), Event.Kind.LAUNCHING);
        store.events().append(event(job, Event.Kind.CHECKPOINT));
        assertEquals(
                List.of(1L, 2L, 3L, 4L),
                history(job).stream().map(Event::sequence).toList());
        assertEquals(2, store.events().after(job.id(), 1, 2).size());
        assertEquals(1, found(job).version());
    }

    @Test
    void every_point_is_kept_in_order_of_attempt_and_arrival() {
        Job job = created(PLAIN);
        var metrics = store.metrics();
        var expected = new ArrayList<Point>();
        var batch = new ArrayList<Point>();
        for (int i = 0; i < 1500; i++) {
            var point = new Point("loss", 1, i / 2, 1.0 / (i + 1), NOON.plusNanos(i * 1_234_567L));
            expected.add(point);
            batch.add(point);
            batch.add(new Point("lr", 1, i, 1e-5, NOON));
            if (batch.size() < 150) continue;
            metrics.append(job.id(), batch);
            batch.clear();
        }
        metrics.append(job.id(), batch);
        var again = new Point("loss", 2, 3, Double.NaN, NOON);
        metrics.append(job.id(), List.of(again, again));
        expected.add(again);
        expected.add(again);
        assertEquals(List.of("loss", "lr"), metrics.names(job.id()));
        assertEquals(expected, metrics.read(job.id(), "loss", 0, 10_000));
        assertEquals(1500, metrics.read(job.id(), "lr", 0, 10_000).size());
        assertEquals(
                expected.stream().filter(point -> point.step() >= 700).toList(),
                metrics.read(job.id(), "loss", 700, 10_000));
        assertEquals(expected.subList(0, 7), metrics.read(job.id(), "loss", 0, 7));
        assertEquals(List.of(), metrics.read(job.id(), "accuracy", 0, 7));
    }

    @Test
    void more_points_than_a_chunk_holds_come_in_one_go() {
        Job job = created(PLAIN);
        var points = new ArrayList<Point>();
        for (int i = 0; i < 2000; i++) points.add(new Point("loss", 1, 2000 - i, i, NOON.minusSeconds(i)));
        store.metrics().append(job.id(), points);
        assertEquals(points, store.metrics().read(job.id(), "loss", 0, 10_000));
    }

    @Test
    void the_last_progress_wins() {
        Job job = created(PLAIN);
        assertEquals(Optional.empty(), store.metrics().progress(job.id()));
        var first = new Progress(
                1, 10, Optional.of(100L), Optional.of(Duration.ofMinutes(3)), Optional.empty(), Map.of(), now);
        var second = new Progress(
                1,
                20,
                Optional.empty(),
                Optional.empty(),
                Optional.of(20L),
                Map.of("loss", Double.NaN, "lr", 1e-5, "best", Double.POSITIVE_INFINITY),
                now);
        store.metrics().progress(job.id(), first);
        assertEquals(Optional.of(first), store.metrics().progress(job.id()));
        store.metrics().progress(job.id(), second);
        assertEquals(Optional.of(second), store.metrics().progress(job.id()));
        Job absent = PLAIN.job();
        store.metrics().progress(absent.id(), first);
        store.metrics().append(absent.id(), List.of(new Point("loss", 1, 1, 1, now)));
        assertEquals(Optional.empty(), store.metrics().progress(absent.id()));
        assertEquals(List.of(), store.metrics().names(absent.id()));
    }

    @Test
    void lines_are_numbered_over_all_sources_and_read_from_anywhere() {
        Job job = created(PLAIN);
        var logs = store.logs();
        var out = new Logs.Source(job.id(), 1, 0, "stdout");
        var err = new Logs.Source(job.id(), 1, 1, "stderr");
        assertEquals(0, logs.position(out));
        var expected = new ArrayList<Logs.Line>();
        for (int i = 0; i < 300; i++) {
            var source = i % 3 == 0 ? err : out;
            var lines = new ArrayList<Logs.NewLine>();
            for (int k = 0; k <= i % 5; k++) {
                var line = new Logs.NewLine(
                        NOON.plusMillis(i), "ligne %d/%d é 日本 \t\u0000 🚂 %s".formatted(i, k, "x".repeat(i)));
                lines.add(line);
                expected.add(
                        new Logs.Line(expected.size() + 1, line.at(), 1, source.rank(), source.stream(), line.text()));
            }
            logs.append(source, lines, i * 10L);
        }
        assertEquals(2990, logs.position(out));
        assertEquals(2970, logs.position(err));
        assertEquals(expected.size(), logs.last(job.id()));
        assertEquals(expected, logs.read(job.id(), 1, 10_000));
        for (int from : new int[] {0, 1, 2, 399, 400, 401, expected.size(), expected.size() + 1})
            assertEquals(
                    expected.stream()
                            .filter(line -> line.number() >= from)
                            .limit(20)
                            .toList(),
                    logs.read(job.id(), from, 20),
                    "from " + from);
    }

    @Test
    void a_line_of_64_kib_and_an_empty_one_are_kept_exactly() {
        Job job = created(PLAIN);
        var source = new Logs.Source(job.id(), 1, 0, "stdout");
        String large = "ab\r".repeat(64 * 1024 / 3);
        store.logs().append(source, List.of(new Logs.NewLine(now, ""), new Logs.NewLine(now, large)), 70_000);
        store.logs().append(source, List.of(), 70_001);
        assertEquals(
                List.of("", large),
                store.logs().read(job.id(), 1, 10).stream().map(Logs.Line::text).toList());
        assertEquals(70_001, store.logs().position(source));
        assertEquals(2, store.logs().last(job.id()));
    }
}
