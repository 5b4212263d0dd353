package io.trainyard.admission;

import io.trainyard.backend.Backend;
import io.trainyard.job.Queue.Demand;
import io.trainyard.job.Slots;
import io.trainyard.spec.JobSpec;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Which backends there are, and which of them a job goes to first. */
public final class Placer {
    private final Map<String, Backend> backends = new LinkedHashMap<>();
    private final String preferred;
    private final Slots slots;

    /** @param preferred the backend of jobs that name none */
    public Placer(List<Backend> available, String preferred, Slots slots) {
        for (Backend backend : available) backends.put(backend.name(), backend);
        if (!backends.containsKey(preferred))
            throw new IllegalArgumentException("no backend " + preferred + " among " + backends.keySet());
        this.preferred = preferred;
        this.slots = slots;
    }

    public List<String> names() {
        return List.copyOf(backends.keySet());
    }

    public Optional<Backend> named(String name) {
        return Optional.ofNullable(backends.get(name));
    }

    /** The placement's order, or the server's preference. */
    List<String> order(JobSpec spec) {
        return spec.placement().backends().isEmpty()
                ? List.of(preferred)
                : spec.placement().backends();
    }

    Slots.Claim claim(String backend, Demand demand) {
        return slots.claim(backend, demand);
    }
}
