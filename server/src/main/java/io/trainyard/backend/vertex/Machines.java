package io.trainyard.backend.vertex;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Which machines there are and which accelerators belong to them: on most, the type fixes kind and number. Source: the
 * published tables of accelerator-optimised and general-purpose machine types.
 */
final class Machines {
    static final String NONE = "";

    private static final List<Machine> OFFERED = offered();
    /** They are attached to machines of the family n1, in any of these numbers. */
    private static final Map<String, List<Integer>> ATTACHED = Map.of(
            "NVIDIA_TESLA_T4", List.of(1, 2, 4),
            "NVIDIA_TESLA_P4", List.of(1, 2, 4),
            "NVIDIA_TESLA_V100", List.of(1, 2, 4, 8),
            "NVIDIA_TESLA_P100", List.of(1, 2, 4),
            "NVIDIA_TESLA_K80", List.of(1, 2, 4, 8));

    private static final int GIB_PER_N1_CPU = 3;

    private Machines() {}

    /** @param accelerator {@link #NONE} for a machine without */
    record Machine(String type, String accelerator, int count, int cpus, int memoryGib) {}

    private static List<Machine> offered() {
        var all = new ArrayList<Machine>();
        for (int n : List.of(1, 2, 4, 8)) {
            all.add(new Machine("a2-highgpu-" + n + "g", "NVIDIA_TESLA_A100", n, 12 * n, 85 * n));
            all.add(new Machine("a2-ultragpu-" + n + "g", "NVIDIA_A100_80GB", n, 12 * n, 170 * n));
            all.add(new Machine("a3-highgpu-" + n + "g", "NVIDIA_H100_80GB", n, 26 * n, 234 * n));
            all.add(new Machine("g4-standard-" + 48 * n, "NVIDIA_RTX_PRO_6000", n, 48 * n, 180 * n));
        }
        all.add(new Machine("a2-megagpu-16g", "NVIDIA_TESLA_A100", 16, 96, 1360));
        all.add(new Machine("a3-megagpu-8g", "NVIDIA_H100_MEGA_80GB", 8, 208, 1872));
        all.add(new Machine("a3-ultragpu-8g", "NVIDIA_H200_141GB", 8, 224, 2952));
        all.add(new Machine("a4-highgpu-8g", "NVIDIA_B200", 8, 224, 3968));
        all.add(new Machine("a4x-highgpu-4g", "NVIDIA_GB200", 4, 140, 884));
        for (int cpus : List.of(4, 8, 12, 16, 32))
            all.add(new Machine("g2-standard-" + cpus, "NVIDIA_L4", 1, cpus, 4 * cpus));
        for (int n : List.of(2, 4, 8)) all.add(new Machine("g2-standard-" + 12 * n, "NVIDIA_L4", n, 12 * n, 48 * n));
        for (int cpus : List.of(2, 4, 8, 16, 32, 48, 64, 80, 96, 128)) {
            all.add(new Machine("n2-standard-" + cpus, NONE, 0, cpus, 4 * cpus));
            all.add(new Machine("n2-highmem-" + cpus, NONE, 0, cpus, cpus == 128 ? 864 : 8 * cpus));
        }
        return List.copyOf(all);
    }

    /** The smallest machine with exactly these accelerators and at least this much of the rest. */
    static Optional<Machine> smallest(String accelerator, int count, int cpus, int memoryGib) {
        return candidates(accelerator, count)
                .filter(machine -> machine.cpus() >= cpus && machine.memoryGib() >= memoryGib)
                .min(Comparator.comparingInt(Machine::cpus).thenComparingInt(Machine::memoryGib));
    }

    /** The largest one with exactly these accelerators, where none has enough of the rest. */
    static Optional<Machine> largest(String accelerator, int count) {
        return candidates(accelerator, count)
                .max(Comparator.comparingInt(Machine::cpus).thenComparingInt(Machine::memoryGib));
    }

    private static Stream<Machine> candidates(String accelerator, int count) {
        var all = new ArrayList<>(OFFERED);
        if (ATTACHED.getOrDefault(accelerator, List.of()).contains(count))
            for (int cpus : List.of(8, 16, 32)) all.add(n1(accelerator, count, cpus));
        return all.stream().filter(machine -> machine.accelerator().equals(accelerator) && machine.count() == count);
    }

    private static Machine n1(String accelerator, int count, int cpus) {
        return new Machine("n1-standard-" + cpus, accelerator, count, cpus, GIB_PER_N1_CPU * cpus);
    }

    /** In which numbers an accelerator comes on one machine. */
    static Set<Integer> counts(String accelerator) {
        var counts = new TreeSet<>(ATTACHED.getOrDefault(accelerator, List.of()));
        OFFERED.stream()
                .filter(machine -> machine.accelerator().equals(accelerator))
                .forEach(machine -> counts.add(machine.count()));
        return counts;
    }

    /** Why this machine cannot come with these accelerators; types we do not know are left to the service. */
    static Optional<String> mismatch(String type, String accelerator, int count) {
        var known =
                OFFERED.stream().filter(machine -> machine.type().equals(type)).findFirst();
        if (known.isPresent()) {
            Machine machine = known.get();
            if (machine.accelerator().equals(count == 0 ? NONE : accelerator) && machine.count() == count)
                return Optional.empty();
            return Optional.of(
                    machine.count() == 0
                            ? type + " has no accelerators"
                            : "%s has %d x %s".formatted(type, machine.count(), machine.accelerator()));
        }
        if (!type.startsWith("n1-") || count == 0) return Optional.empty();
        List<Integer> counts = ATTACHED.getOrDefault(accelerator, List.of());
        if (counts.isEmpty()) return Optional.of("machines of the family n1 take no " + accelerator);
        return counts.contains(count)
                ? Optional.empty()
                : Optional.of("%s comes in numbers of %s".formatted(accelerator, counts));
    }

    /** Words people use for GPUs, without regard to case, spaces, {@code -} and {@code _}. */
    private static final Map<String, String> WORDS = words();

    private static Map<String, String> words() {
        var words = new LinkedHashMap<String, String>();
        Set<String> accelerators = new TreeSet<>(ATTACHED.keySet());
        OFFERED.forEach(machine -> accelerators.add(machine.accelerator()));
        accelerators.remove(NONE);
        for (String name : accelerators) {
            words.put(bare(name), name);
            words.put(bare(name.replace("NVIDIA_", "").replace("TESLA_", "")), name);
        }
        words.put("A10040GB", "NVIDIA_TESLA_A100");
        words.put("H100", "NVIDIA_H100_80GB");
        words.put("H100MEGA", "NVIDIA_H100_MEGA_80GB");
        words.put("H200", "NVIDIA_H200_141GB");
        return words;
    }

    static Optional<String> accelerator(String word) {
        String bare = bare(word);
        return Optional.ofNullable(WORDS.get(bare))
                .or(() -> Optional.ofNullable(WORDS.get(bare.replace("NVIDIA", ""))));
    }

    static Set<String> accelerators() {
        return new TreeSet<>(WORDS.values());
    }

    private static String bare(String word) {
        return word.toUpperCase(Locale.ROOT).replaceAll("[^A-Z0-9]", "");
    }
}
