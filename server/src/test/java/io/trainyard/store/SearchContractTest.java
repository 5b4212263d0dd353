package io.trainyard.store;

import static io.trainyard.store.Samples.NOON;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.trainyard.job.Event;
import io.trainyard.job.Job;
import io.trainyard.job.Outcome;
import io.trainyard.store.Jobs.Filter;
import io.trainyard.store.Jobs.Span;
import io.trainyard.store.Metrics.Place;
import io.trainyard.store.Metrics.Point;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What searching by text and time and reading a series page by page promise, whoever keeps them. */
abstract class SearchContractTest extends LifeCycleContractTest {
    private static final Optional<String> NONE = Optional.empty();

    private List<Job> found(List<StateWord> states, Map<String, String> labels, Optional<String> text, Span span) {
        var filter = new Filter(NONE, states, NONE, NONE, labels, NONE, text, span);
        return jobs.list(filter, NONE, 100).jobs();
    }

    private List<Job> byText(String text) {
        return found(List.of(), Map.of(), Optional.of(text), Span.EVER);
    }

    @Test
    void a_text_is_looked_for_in_name_id_and_client_id() {
        Job named = created(PLAIN.named("Résumé Parser"));
        Job known = created(PLAIN.withClientId("run/Ünïque-7"));
        assertEquals(List.of(named), byText("RÉSUMÉ"));
        assertEquals(List.of(known), byText("Ünïque"));
        assertEquals(List.of(known), byText(known.id().value().substring(20)));
        assertEquals(List.of(), byText("%"));
        assertEquals(List.of(), byText("'"));
    }

    @Test
    void neighbouring_spans_of_time_share_no_job_and_lose_none() {
        var made = new ArrayList<Job>();
        for (int i = 0; i < 3; i++) {
            var draft = PLAIN.labelled(Map.of("team", "a"));
            made.add(created(Samples.wanted(at(draft, NOON.plusSeconds(i)), "body", NONE)));
        }
        Instant cut = NOON.plusSeconds(1);
        var before = new Span(Optional.empty(), Optional.of(cut));
        var from = new Span(Optional.of(cut), Optional.empty());
        for (var labels : List.of(Map.<String, String>of(), Map.of("team", "a")))
            for (var states : List.of(List.<StateWord>of(), List.of(StateWord.QUEUED))) {
                assertEquals(List.of(made.get(0)), found(states, labels, NONE, before));
                assertEquals(List.of(made.get(2), made.get(1)), found(states, labels, NONE, from));
            }
        var both = new Span(Optional.of(cut), Optional.of(cut));
        assertEquals(List.of(), found(List.of(), Map.of(), NONE, both));
        assertEquals(
                made.reversed(),
                found(List.of(), Map.of(), NONE, new Span(Optional.of(Instant.MIN), Optional.of(Instant.MAX))));
    }

    private static Job at(Samples.Draft draft, Instant created) {
        return new Samples.Draft(
                        draft.name(),
                        draft.clientId(),
                        draft.project(),
                        draft.contract(),
                        draft.backend(),
                        draft.priority(),
                        draft.labels(),
                        draft.webhooks(),
                        created)
                .job();
    }

    @Test
    void pages_of_a_series_are_the_series_whatever_their_size_and_stay_so_while_points_come() {
        Job job = created(PLAIN);
        var all = new ArrayList<Point>();
        for (int attempt = 1; attempt <= 3; attempt++)
            for (int i = 0; i < 700; i++) all.add(new Point("loss", attempt, i, i * attempt, NOON));
        store.metrics().append(job.id(), all);
        for (int size : List.of(1, 255, 256, 257, 700, 701, 5000)) {
            var read = new ArrayList<Point>();
            Optional<Place> next = Optional.of(Place.START);
            while (next.isPresent()) {
                var page = store.metrics().page(job.id(), "loss", next.get(), size);
                read.addAll(page.points());
                if (page.next().isPresent()) assertEquals(size, page.points().size());
                next = page.next();
            }
            assertEquals(all, read, "pages of " + size);
        }
        assertEquals(2100, store.metrics().count(job.id(), "loss"));
        var first = store.metrics().page(job.id(), "loss", Place.START, 2099);
        store.metrics().append(job.id(), List.of(new Point("loss", 3, 700, 1, NOON)));
        assertEquals(
                List.of(all.getLast(), new Point("loss", 3, 700, 1, NOON)),
                store.metrics()
                        .page(job.id(), "loss", first.next().orElseThrow(), 9)
                        .points());
        assertEquals(0, store.metrics().count(job.id(), "none"));
        assertEquals(
                List.of(),
                store.metrics().page(job.id(), "none", Place.START, 9).points());
        assertEquals(
                List.of(),
                store.metrics().page(job.id(), "loss", new Place(4, 0), 9).points());
    }

    @Test
    void the_origin_of_a_job_is_the_first_of_its_retries() {
        Job first = created(PLAIN.withClientId("again"));
        finished(first);
        Job second = created(PLAIN.withClientId("again"));
        moved(Samples.done(second, new Outcome.Succeeded()), Event.Kind.SUCCEEDED);
        Job third = created(PLAIN.withClientId("again"));
        assertEquals(first.id(), jobs.origin(third));
        assertEquals(first.id(), jobs.origin(found(first)));
        jobs.remove(first.id());
        assertEquals(first.id(), jobs.origin(third));
    }
}
