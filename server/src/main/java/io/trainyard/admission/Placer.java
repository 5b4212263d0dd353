package io.trainyard.admission;

import io.trainyard.backend.Backend;
import io.trainyard.job.Identity;
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
    private final Map<String, String> preferredOf;
    private final Slots slots;

    public Placer(List<Backend> available, String preferred, Slots slots) {
        this(available, preferred, Map.of(), slots);
    }

    /**
     * @param preferred the backend of jobs that name none
     * @param preferredOf the same by contract, where it is another one
     */
    public Placer(List<Backend> available, String preferred, Map<String, String> preferredOf, Slots slots) {
        for (Backend backend : available) backends.put(backend.name(), backend);
        if (!backends.containsKey(preferred) || !backends.keySet().containsAll(preferredOf.values()))
            throw new IllegalArgumentException(
                    "no backend %s or %s among %s".formatted(preferred, preferredOf, backends.keySet()));
        this.preferred = preferred;
        this.preferredOf = Map.copyOf(preferredOf);
        this.slots = slots;
    }

    public List<String> names() {
        return List.copyOf(backends.keySet());
    }

    public Optional<Backend> named(String name) {
        return Optional.ofNullable(backends.get(name));
    }

    /** The placement's order, or the server's preference. */
    List<String> order(Identity identity, JobSpec spec) {
        return spec.placement().backends().isEmpty()
                ? List.of(preferredOf.getOrDefault(identity.contract(), preferred))
                : spec.placement().backends();
    }

    Slots.Claim claim(String backend, Demand demand) {
        return slots.claim(backend, demand);
    }
}
