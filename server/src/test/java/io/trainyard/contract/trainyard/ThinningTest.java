package io.trainyard.contract.trainyard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.store.Metrics.Point;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class ThinningTest {
    private static List<Point> series(int count, long seed) {
        var random = new SplittableRandom(seed);
        var points = new ArrayList<Point>();
        for (int i = 0; i < count; i++)
            points.add(new Point("loss", 1, i, random.nextDouble(), Instant.EPOCH.plusSeconds(i)));
        return points;
    }

    private static List<Point> thinned(List<Point> points, int most) {
        var thinning = new Thinning(most, points.size());
        points.forEach(thinning::add);
        return thinning.points();
    }

    @Test
    void least_greatest_first_and_last_stay_in_their_order_and_there_are_never_more_than_wanted() {
        for (int count : List.of(5, 6, 11, 100, 999, 1000, 1001))
            for (int most : List.of(4, 5, 6, 7, 50, 500, 999)) {
                var points = series(count, 31L * count + most);
                var thin = thinned(points, most);
                assertTrue(thin.size() <= most, count + " points in " + most + " gave " + thin.size());
                assertEquals(points.getFirst(), thin.getFirst());
                assertEquals(points.getLast(), thin.getLast());
                var byValue = Comparator.comparingDouble(Point::value);
                assertTrue(thin.contains(points.stream().min(byValue).orElseThrow()));
                assertTrue(thin.contains(points.stream().max(byValue).orElseThrow()));
                assertEquals(
                        thin.stream()
                                .sorted(Comparator.comparingLong(Point::step))
                                .toList(),
                        thin);
                assertEquals(thin.size(), thin.stream().distinct().count());
            }
    }

    @Test
    void what_is_few_enough_stays_whole() {
        for (int count : List.of(0, 1, 4, 10)) assertEquals(series(count, 7), thinned(series(count, 7), 10));
    }

    @Test
    void a_single_peak_among_a_million_is_kept() {
        var points = new ArrayList<Point>();
        for (int i = 0; i < 1_000_000; i++) points.add(new Point("loss", 1, i, i == 654_321 ? 9 : 1, Instant.EPOCH));
        assertTrue(thinned(points, 100).contains(points.get(654_321)));
    }
}
