package io.trainyard.backend.local;

import io.trainyard.backend.local.LocalSettings.Oversize;
import io.trainyard.job.Capacity;
import io.trainyard.job.Queue.Demand;
import io.trainyard.spec.Resources;
import java.util.ArrayList;
import java.util.List;

/** What a job gets here of what it asks for, all its nodes together. */
record Fit(Demand demand, List<String> objections, List<String> warnings) {
    Fit {
        objections = List.copyOf(objections);
        warnings = List.copyOf(warnings);
    }

    static Fit of(Resources asked, Capacity machine, Oversize oversize) {
        var objections = new ArrayList<String>();
        var warnings = new ArrayList<String>();
        long gpus = (long) asked.nodes() * asked.gpus();
        long cpus = (long) asked.nodes() * asked.cpus();
        long gib = (long) asked.nodes() * asked.memoryGib();
        long machineGib = machine.memoryBytes() >> 30;
        int haveGpus = machine.gpus().size();
        boolean tooMuchMemory = gib > Long.MAX_VALUE >> 30 || gib << 30 > machine.memoryBytes();
        switch (oversize) {
            case CLAMP -> {
                if (gpus > haveGpus)
                    warnings.add("resources.gpus: asked for %d %s, this machine has %d: running on %s"
                            .formatted(
                                    gpus,
                                    gpus == 1 ? "GPU" : "GPUs",
                                    haveGpus,
                                    haveGpus == 0 ? "CPU" : Integer.toString(haveGpus)));
                if (cpus > machine.cpus())
                    warnings.add("resources.cpus: asked for %d CPUs, this machine has %d: running on %d"
                            .formatted(cpus, machine.cpus(), machine.cpus()));
                if (tooMuchMemory)
                    warnings.add(
                            "resources.memoryGib: asked for %d GiB, this machine has %d: running with what there is"
                                    .formatted(gib, machineGib));
            }
            case REFUSE -> {
                if (gpus > haveGpus) objections.add(neverFits("gpus", gpus, "GPUs", haveGpus));
                if (cpus > machine.cpus()) objections.add(neverFits("cpus", cpus, "CPUs", machine.cpus()));
                if (tooMuchMemory) objections.add(neverFits("memoryGib", gib, "GiB of memory", machineGib));
            }
        }
        var demand = new Demand(
                (int) Math.min(gpus, haveGpus),
                (int) Math.min(cpus, machine.cpus()),
                tooMuchMemory ? machine.memoryBytes() : gib << 30);
        int processes = processes(asked, demand.gpus(), demand.cpus());
        if (asked.nodes() > 1)
            warnings.add("resources.nodes: %d nodes asked for: running %d process(es) on this machine"
                    .formatted(asked.nodes(), processes));
        else if (asked.processes().isPresent() && processes < asked.processesPerNode())
            warnings.add("resources.processes: %d asked for: running %d on %d GPUs and %d CPUs"
                    .formatted(asked.processesPerNode(), processes, demand.gpus(), demand.cpus()));
        return new Fit(demand, objections, warnings);
    }

    /** One process a GPU at most, or a CPU where there is none: ranks that share one fail or crawl. */
    static int processes(Resources asked, int gpus, int cpus) {
        int most = Math.max(1, gpus > 0 ? gpus : cpus);
        long wanted = asked.processes().isPresent() || gpus == 0
                ? (long) asked.nodes() * asked.processes().orElse(1)
                : gpus;
        return (int) Math.clamp(wanted, 1L, most);
    }

    private static String neverFits(String field, long asked, String what, long have) {
        return "resources.%s: %d %s, all nodes together, never fits here; this machine has %d."
                        .formatted(field, asked, what, have)
                + " Ask for less, place the job on another backend, or set trainyard.local.oversize to clamp";
    }
}
