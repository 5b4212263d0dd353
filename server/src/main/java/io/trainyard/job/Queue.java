package io.trainyard.job;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Who gets a slot of a backend: by priority, then by arrival, nobody overtaking. */
public final class Queue {
    private Queue() {}

    /** What an attempt needs, on every node of it. */
    public record Demand(int gpus, int cpus, long memoryBytes) {}

    public record Candidate(JobId job, Demand demand) {}

    public record Picked(JobId job, Grant grant) {}

    /** The first who does not fit holds up all after it; otherwise small jobs would starve a large one. */
    public record Blocked(JobId job, Reason reason) {}

    public record Picks(List<Picked> granted, Optional<Blocked> blocked) {}

    /**
     * @param waiting in order: priority, then arrival
     * @param free what nobody holds now
     * @param maxStarts no more than this many in one go
     */
    public static Picks pick(List<Candidate> waiting, Capacity free, int maxStarts) {
        var granted = new ArrayList<Picked>();
        var left = free;
        for (Candidate candidate : waiting) {
            if (granted.size() == maxStarts) break;
            Optional<Grant> grant = left.grant(candidate.demand());
            if (grant.isEmpty())
                return new Picks(granted, Optional.of(new Blocked(candidate.job(), left.missing(candidate.demand()))));
            granted.add(new Picked(candidate.job(), grant.get()));
            left = left.minus(grant.get());
        }
        return new Picks(granted, Optional.empty());
    }
}
