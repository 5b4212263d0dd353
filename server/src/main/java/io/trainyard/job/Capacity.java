package io.trainyard.job;

import io.trainyard.job.Queue.Demand;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What a backend has to give. Backends that place for themselves are {@link #UNLIMITED}. */
public record Capacity(List<Integer> gpus, int cpus, long memoryBytes, int slots) {
    public static final Capacity UNLIMITED =
            new Capacity(List.of(), Integer.MAX_VALUE, Long.MAX_VALUE, Integer.MAX_VALUE);

    public Capacity {
        gpus = List.copyOf(gpus);
    }

    private boolean unlimited() {
        return cpus == Integer.MAX_VALUE;
    }

    public Optional<Grant> grant(Demand demand) {
        if (unlimited()) return slots > 0 ? Optional.of(Grant.NOTHING) : Optional.empty();
        boolean fits = slots > 0
                && demand.gpus() <= gpus.size()
                && demand.cpus() <= cpus
                && demand.memoryBytes() <= memoryBytes;
        return fits
                ? Optional.of(new Grant(gpus.subList(0, demand.gpus()), demand.cpus(), demand.memoryBytes()))
                : Optional.empty();
    }

    public Capacity minus(Grant grant) {
        if (unlimited()) return new Capacity(gpus, cpus, memoryBytes, slots == Integer.MAX_VALUE ? slots : slots - 1);
        var left = new ArrayList<>(gpus);
        left.removeAll(grant.gpus());
        return new Capacity(
                left,
                cpus - grant.cpus(),
                memoryBytes - grant.memoryBytes(),
                slots == Integer.MAX_VALUE ? slots : slots - 1);
    }

    /** Why a demand does not fit, as a sentence for the one who waits. */
    Reason missing(Demand demand) {
        var lacks = new ArrayList<String>();
        if (slots <= 0) lacks.add("a free slot");
        if (demand.gpus() > gpus.size()) lacks.add(demand.gpus() + " GPUs (" + gpus.size() + " free)");
        if (demand.cpus() > cpus) lacks.add(demand.cpus() + " CPUs (" + Math.max(0, cpus) + " free)");
        if (demand.memoryBytes() > memoryBytes)
            lacks.add(gib(demand.memoryBytes()) + " GiB of memory (" + gib(memoryBytes) + " free)");
        return new Reason(Reason.Kind.SLOT, "waiting for " + String.join(" and ", lacks));
    }

    private static long gib(long bytes) {
        return Math.max(0, bytes) >> 30;
    }
}
