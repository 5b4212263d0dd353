package io.trainyard.contract.trainer;

import io.trainyard.wire.Checker;
import io.trainyard.wire.Problem.Path;
import io.trainyard.wire.Scalars;
import java.math.BigDecimal;
import java.math.RoundingMode;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * What every node gets.
 *
 * @param shown as it stands in the manifest
 */
record PerNode(int gpus, int cpus, int memoryGib, JsonNode shown) {
    private static final String GPU = "nvidia.com/gpu";
    private static final String[] SUFFIXES = {"m", "Ki", "Mi", "Gi", "Ti", "Pi", "k", "M", "G", "T", "P"};
    private static final BigDecimal[] FACTORS = {
        new BigDecimal("0.001"),
        BigDecimal.valueOf(1L << 10),
        BigDecimal.valueOf(1L << 20),
        BigDecimal.valueOf(1L << 30),
        BigDecimal.valueOf(1L << 40),
        BigDecimal.valueOf(1L << 50),
        new BigDecimal("1e3"),
        new BigDecimal("1e6"),
        new BigDecimal("1e9"),
        new BigDecimal("1e12"),
        new BigDecimal("1e15")
    };
    private static final BigDecimal GIB = BigDecimal.valueOf(1L << 30);
    private static final int MAX_QUANTITY_CHARACTERS = 40;

    /** By the request's resources; as published, every node gets all of them. */
    static PerNode of(JsonNode resources) {
        int gpus = resources.get("gpus").intValue();
        int cpus = resources.get("cpus").intValue();
        int memoryGb = resources.get("memory_gb").intValue();
        ObjectNode shown = JsonNodeFactory.instance.objectNode();
        for (String side : new String[] {"requests", "limits"}) {
            ObjectNode amounts = shown.putObject(side);
            amounts.put("cpu", String.valueOf(cpus)).put("memory", memoryGb + "Gi");
            if (gpus > 0) amounts.put(GPU, String.valueOf(gpus));
        }
        return new PerNode(gpus, cpus, memoryGb, shown);
    }

    /** By {@code extra_parameters.resources_per_node}, which replaces the computed one. */
    static PerNode replacing(JsonNode computedFrom, JsonNode given, Path at, Checker checker) {
        PerNode computed = of(computedFrom);
        for (String side : new String[] {"requests", "limits"}) {
            JsonNode amounts = given.get(side);
            if (amounts != null && !amounts.isObject())
                checker.wrong(at.child(side), amounts, false, "value is not a valid dict", "type_error.dict");
        }
        BigDecimal gpus = quantity(given, GPU, at, checker);
        BigDecimal cpus = quantity(given, "cpu", at, checker);
        BigDecimal memory = quantity(given, "memory", at, checker);
        return new PerNode(
                gpus == null ? 0 : whole(gpus),
                cpus == null ? computed.cpus : Math.max(1, whole(cpus)),
                memory == null ? computed.memoryGib : Math.max(1, whole(memory.divide(GIB, 9, RoundingMode.CEILING))),
                given);
    }

    private static @Nullable BigDecimal quantity(JsonNode given, String name, Path at, Checker checker) {
        for (String side : new String[] {"limits", "requests"}) {
            JsonNode amounts = given.get(side);
            JsonNode amount = amounts == null ? null : amounts.get(name);
            if (amount == null) continue;
            String text = Scalars.plainText(amount);
            BigDecimal value = text == null ? null : parse(text);
            if (value == null)
                checker.wrong(
                        at.child(side).child(name),
                        amount,
                        false,
                        "value is not a valid quantity, such as 8, \"500m\" or \"64Gi\"",
                        "value_error.quantity");
            return value;
        }
        return null;
    }

    private static @Nullable BigDecimal parse(String text) {
        String digits = text;
        BigDecimal factor = BigDecimal.ONE;
        for (int i = 0; i < SUFFIXES.length; i++) {
            if (!text.endsWith(SUFFIXES[i])) continue;
            digits = text.substring(0, text.length() - SUFFIXES[i].length());
            factor = FACTORS[i];
            break;
        }
        if (digits.isEmpty() || digits.length() > MAX_QUANTITY_CHARACTERS) return null;
        for (int i = 0; i < digits.length(); i++) {
            if ("0123456789.".indexOf(digits.charAt(i)) < 0) return null;
        }
        try {
            BigDecimal value = new BigDecimal(digits).multiply(factor);
            boolean fits =
                    value.divide(GIB, 0, RoundingMode.CEILING).compareTo(BigDecimal.valueOf(Integer.MAX_VALUE)) <= 0;
            return fits ? value : null;
        } catch (NumberFormatException notOne) {
            return null;
        }
    }

    private static int whole(BigDecimal value) {
        return value.setScale(0, RoundingMode.CEILING)
                .min(BigDecimal.valueOf(Integer.MAX_VALUE))
                .intValue();
    }
}
