package io.trainyard.backend.vertex;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/** What the services refuse and the discovery documents do not say: it stands in their descriptions. */
final class Judge {
    private static final Pattern KEY = Pattern.compile("[a-z][a-z0-9_-]{0,62}");
    private static final Pattern VALUE = Pattern.compile("[a-z0-9_-]{0,63}");
    private static final Pattern VARIABLE = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");

    private Judge() {}

    static List<String> faults(JsonNode job) {
        var faults = new ArrayList<String>();
        String name = job.path("displayName").asString("");
        if (name.isEmpty() || name.codePointCount(0, name.length()) > 128)
            faults.add("displayName must have 1 to 128 characters");
        if (job.path("labels").size() > 64) faults.add("at most 64 labels");
        for (var label : job.path("labels").properties())
            if (!KEY.matcher(label.getKey()).matches()
                    || !VALUE.matcher(label.getValue().asString()).matches()) faults.add("Invalid label: " + label);
        JsonNode pools = job.path("jobSpec").path("workerPoolSpecs");
        if (pools.isEmpty()) faults.add("workerPoolSpecs must not be empty");
        if (!pools.path(0).path("replicaCount").asString("").equals("1"))
            faults.add("replicaCount of the first worker pool must be 1");
        for (JsonNode pool : pools) pool(pool, faults);
        return faults;
    }

    private static void pool(JsonNode pool, List<String> faults) {
        JsonNode container = pool.path("containerSpec");
        if (container.path("imageUri").asString("").isEmpty()) faults.add("imageUri is required");
        if (container.path("env").size() > 100) faults.add("at most 100 environment variables");
        for (JsonNode variable : container.path("env"))
            if (!VARIABLE.matcher(variable.path("name").asString("")).matches())
                faults.add("Invalid environment variable: " + variable.path("name"));
        JsonNode machine = pool.path("machineSpec");
        String type = machine.path("machineType").asString("");
        if (type.isEmpty()) faults.add("machineType is required");
        if (machine.has("acceleratorType") != machine.has("acceleratorCount"))
            faults.add("acceleratorType and acceleratorCount go together");
        Machines.mismatch(
                        type,
                        machine.path("acceleratorType").asString(""),
                        machine.path("acceleratorCount").asInt(0))
                .ifPresent(why -> faults.add("Machine type \"%s\" is not supported: %s".formatted(type, why)));
    }

    private static final Pattern CONDITION = Pattern.compile("([a-z_.]+)(>=|=)\"([^\"]*)\"");

    /** The part of the logging query language that we use. */
    static boolean matches(JsonNode entry, String filter) {
        for (String condition : filter.split(" AND ", -1)) {
            var parts = CONDITION.matcher(condition);
            if (!parts.matches()) throw new IllegalStateException("a filter nobody thought of: " + condition);
            JsonNode value = entry.at("/" + parts.group(1).replace('.', '/'));
            boolean fits = parts.group(2).equals("=")
                    ? value.asString("").equals(parts.group(3))
                    : !Instant.parse(value.asString()).isBefore(Instant.parse(parts.group(3)));
            if (!fits) return false;
        }
        return true;
    }
}
