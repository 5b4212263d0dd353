package io.trainyard.contract.trainyard;

import io.javalin.http.Context;
import io.trainyard.http.Refusal;
import io.trainyard.job.Job;
import io.trainyard.store.Metrics;
import io.trainyard.store.Metrics.Page;
import io.trainyard.store.Metrics.Place;
import io.trainyard.store.Metrics.Point;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** The series of a job: every point page by page, or as many as a drawing needs with no peak lost. */
final class Curves {
    private static final int MAX_POINTS = 100_000;
    private static final int MAX_DRAWN = 10_000;
    private static final int READ_AT_ONCE = 5_000;
    private static final Pattern PLACE = Pattern.compile("a([0-9]{1,9})-([0-9]{1,15})");

    private final Metrics metrics;
    private final Job job;
    private final long fromStep;

    private Curves(Metrics metrics, Job job, long fromStep) {
        this.metrics = metrics;
        this.job = job;
        this.fromStep = fromStep;
    }

    static ObjectNode of(Metrics metrics, Job job, Context context) {
        var curves = new Curves(metrics, job, Reading.number(context, "from_step", 0, 0));
        String name = context.queryParam("name");
        if (context.queryParam("points") != null) return curves.drawn(context, name);
        Optional<Place> after = Filters.parameter(context, "after").map(Curves::place);
        if (after.isPresent() && name == null)
            throw new Refusal(422, "after: is a place in one series; say which by name");
        int limit = Reading.limit(context, MAX_POINTS, MAX_POINTS);
        return curves.whole(curves.names(name), after.orElse(Place.START), limit);
    }

    private List<String> names(@Nullable String name) {
        return name == null ? metrics.names(job.id()) : List.of(name);
    }

    /** @param limit of all series together, so that an answer has a limit however many there are */
    private ObjectNode whole(List<String> names, Place from, int limit) {
        ObjectNode body = JobView.JSON.createObjectNode();
        ArrayNode series = body.putArray("series");
        int left = limit;
        for (String name : names) {
            ObjectNode view = series.addObject().put("name", name);
            ArrayNode points = view.putArray("points");
            Optional<Place> next = Optional.of(from);
            while (next.isPresent() && points.size() < left) {
                Page page = metrics.page(job.id(), name, next.get(), Math.min(READ_AT_ONCE, left - points.size()));
                for (Point point : page.points()) if (point.step() >= fromStep) add(points, point);
                next = page.next();
            }
            left -= points.size();
            view.put("next", next.map(Curves::written).orElse(null));
        }
        return body;
    }

    private ObjectNode drawn(Context context, @Nullable String name) {
        for (String other : List.of("after", "limit"))
            if (context.queryParam(other) != null)
                throw new Refusal(422, other + ": does not go with points, which answers whole series");
        long most = Reading.number(context, "points", MAX_DRAWN, Thinning.LEAST);
        if (most > MAX_DRAWN) throw new Refusal(422, "points: " + most + " is more than " + MAX_DRAWN);
        ObjectNode body = JobView.JSON.createObjectNode();
        ArrayNode series = body.putArray("series");
        for (String one : names(name)) {
            ObjectNode view = series.addObject().put("name", one);
            ArrayNode points = view.putArray("points");
            var thinning = new Thinning((int) most, metrics.count(job.id(), one));
            Optional<Place> next = Optional.of(Place.START);
            while (next.isPresent()) {
                Page page = metrics.page(job.id(), one, next.get(), READ_AT_ONCE);
                for (Point point : page.points()) if (point.step() >= fromStep) thinning.add(point);
                next = page.next();
            }
            thinning.points().forEach(point -> add(points, point));
            view.putNull("next");
        }
        return body;
    }

    private static void add(ArrayNode points, Point point) {
        points.addObject()
                .put("attempt", point.attempt())
                .put("step", point.step())
                .put("value", point.value())
                .put("at", JobView.time(point.at()));
    }

    private static String written(Place place) {
        return "a" + place.attempt() + "-" + place.points();
    }

    private static Place place(String text) {
        Matcher matcher = PLACE.matcher(text);
        if (!matcher.matches()) throw new Refusal(422, "after: \"" + text + "\" did not come from this series");
        return new Place(Integer.parseInt(matcher.group(1)), Long.parseLong(matcher.group(2)));
    }
}
