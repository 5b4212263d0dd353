package io.trainyard.contract.trainyard;

import io.trainyard.store.Metrics.Point;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A series in fewer points: cut into runs of neighbours, each of which keeps its least and its greatest point in their
 * order, besides the first and the last of all. So every peak and dip that a drawing could show is there.
 */
final class Thinning {
    /** First, last, and the two of one run. */
    static final int LEAST = 4;

    private final List<Point> kept = new ArrayList<>();
    /** Points in one run; 1 keeps them all. */
    private final long run;

    private @Nullable Point last;
    private @Nullable Point least;
    private @Nullable Point greatest;
    private boolean leastFirst;
    private long inRun;

    /** @param expected how many will come; fewer may, and more only lengthen what is kept */
    Thinning(int most, long expected) {
        int runs = (most - 2) / 2;
        this.run = expected <= most ? 1 : Math.ceilDiv(expected, runs);
    }

    void add(Point point) {
        if (run == 1) {
            kept.add(point);
            return;
        }
        if (last == null) kept.add(point);
        last = point;
        if (least == null || point.value() < least.value()) {
            least = point;
            leastFirst = false;
        }
        if (greatest == null || point.value() > greatest.value()) {
            greatest = point;
            leastFirst = true;
        }
        if (++inRun == run) endRun();
    }

    private void endRun() {
        if (least == null || greatest == null) return;
        keep(leastFirst ? least : greatest);
        keep(leastFirst ? greatest : least);
        least = null;
        greatest = null;
        inRun = 0;
    }

    /** Neighbouring choices may be one and the same point. */
    private void keep(Point point) {
        if (!kept.getLast().equals(point)) kept.add(point);
    }

    List<Point> points() {
        if (run > 1) {
            endRun();
            if (last != null) keep(last);
        }
        return kept;
    }
}
