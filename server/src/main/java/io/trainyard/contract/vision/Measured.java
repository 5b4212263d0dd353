package io.trainyard.contract.vision;

import io.trainyard.job.Job;
import io.trainyard.job.Progress;
import io.trainyard.store.Metrics;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** Shows what was measured: series turned into one row a step. */
record Measured(Metrics metrics) {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
    private static final List<String> COLUMNS = List.of("epoch", "loss", "accuracy", "learning_rate");
    static final int ROWS = 1000;
    static final int MAX_ROWS = 10_000;

    /** The newest rows, in order. */
    ArrayNode rows(Job job, int limit) {
        var rows = new TreeMap<Long, ObjectNode>();
        for (String name : metrics.names(job.id()))
            for (Metrics.Point point : metrics.read(job.id(), name, 0, Integer.MAX_VALUE)) {
                ObjectNode row = rows.computeIfAbsent(point.step(), step -> empty(job, step));
                row.put("attempt", point.attempt());
                row.put("created_at", point.at().toString());
                if (COLUMNS.contains(name)) row.put(name, point.value());
                else ((ObjectNode) row.get("extra_metrics")).put(name, point.value());
                if (rows.size() > limit) rows.pollFirstEntry();
            }
        ArrayNode list = JSON.arrayNode();
        rows.values().forEach(list::add);
        return list;
    }

    private static ObjectNode empty(Job job, long step) {
        ObjectNode row = JSON.objectNode().put("job_id", Answers.id(job)).put("step", step);
        for (String column : COLUMNS) row.putNull(column);
        row.putObject("extra_metrics");
        return row;
    }

    ObjectNode schema(Job job) {
        List<String> names = metrics.names(job.id());
        ObjectNode out = JSON.objectNode().put("job_id", Answers.id(job));
        names.forEach(out.putArray("available_metrics")::add);
        if (names.isEmpty()) return out.putNull("primary_metric");
        return out.put("primary_metric", names.contains("loss") ? "loss" : names.getFirst());
    }

    /** Null before anything was measured. */
    void latest(Job job, ObjectNode out) {
        Optional<Progress> progress = metrics.progress(job.id());
        if (progress.isEmpty()) {
            out.putNull("latest_metrics");
            return;
        }
        ObjectNode latest =
                out.putObject("latest_metrics").put("step", progress.get().step());
        new TreeMap<>(progress.get().latest()).forEach(latest::put);
        progress.get().percentage().ifPresent(percentage -> latest.put("progress", percentage));
    }
}
