package io.trainyard.backend;

import io.trainyard.job.Queue.Demand;
import java.util.List;

/**
 * What a backend would do with a job.
 *
 * @param objections why it can never run there, each naming the field, the value and the remedy; empty when it can
 * @param warnings what will be different from what was asked
 * @param demand what an attempt would hold
 * @param manifest what would be created, as text (JSON or YAML), secrets as references
 */
public record Plan(List<String> objections, List<String> warnings, Demand demand, String manifest) {
    public Plan {
        objections = List.copyOf(objections);
        warnings = List.copyOf(warnings);
    }
}
