package io.trainyard.progress;

import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.core.json.JsonReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Reads what a trainer prints: our trainer's JSON events ({@code {"event":"step",…}}) and the dictionaries that the
 * Hugging Face Trainer prints ({@code {'loss': 1.2, 'epoch': 0.4}}). Any other line tells nothing.
 */
final class Lines {
    /** Longer lines are output, not events. */
    private static final int MAX_EVENT_CHARS = 16 * 1024;

    /** Python writes NaN and Infinity, which are no JSON: the step is told all the same. */
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
            .build();

    private static final Pattern ENTRY = Pattern.compile(
            "'([A-Za-z_][A-Za-z0-9_/]*)': '?([-+]?(?:[0-9]++(?:\\.[0-9]*+)?|\\.[0-9]++)(?:[eE][-+]?[0-9]++)?|nan|-?inf)'?[,}]");
    private static final Set<String> BOOKKEEPING = Set.of("v", "seq", "attempt", "step", "total_steps", "eta_seconds");

    private Lines() {}

    static Optional<Told> read(String line) {
        String text = line.strip();
        if (text.length() < 2 || text.length() > MAX_EVENT_CHARS || text.charAt(0) != '{' || !text.endsWith("}"))
            return Optional.empty();
        if (text.startsWith("{'")) return dictionary(text);
        return text.contains("\"event\"") ? event(text) : Optional.empty();
    }

    private static Optional<Told> dictionary(String text) {
        Map<String, Double> values = new LinkedHashMap<>();
        Matcher entries = ENTRY.matcher(text);
        while (entries.find()) values.put(entries.group(1), number(entries.group(2)));
        boolean stepped = values.containsKey("loss");
        values.values().removeIf(value -> !Double.isFinite(value));
        if (values.keySet().stream().anyMatch(name -> name.startsWith("eval_")))
            return Optional.of(new Told.Evaluated(Optional.empty(), values));
        return stepped
                ? Optional.of(new Told.Stepped(Optional.empty(), Optional.empty(), Optional.empty(), values))
                : Optional.empty();
    }

    private static double number(String text) {
        return switch (text) {
            case "nan" -> Double.NaN;
            case "inf" -> Double.POSITIVE_INFINITY;
            case "-inf" -> Double.NEGATIVE_INFINITY;
            default -> Double.parseDouble(text);
        };
    }

    private static Optional<Told> event(String text) {
        JsonNode node;
        try {
            node = JSON.readTree(text);
        } catch (JacksonException notAnEvent) {
            return Optional.empty();
        }
        return switch (node.path("event").asString("")) {
            case "step" ->
                Optional.of(new Told.Stepped(
                        number(node, "step"),
                        number(node, "total_steps"),
                        seconds(node.path("eta_seconds")),
                        values(node)));
            case "eval" -> Optional.of(new Told.Evaluated(number(node, "step"), values(node)));
            case "checkpoint" ->
                number(node, "step")
                        .map(step -> new Told.Checkpoint(step, node.path("uri").asString("")));
            case "warning" -> Optional.of(new Told.Warning(node.path("message").asString("")));
            default -> Optional.empty();
        };
    }

    private static Map<String, Double> values(JsonNode node) {
        Map<String, Double> values = new HashMap<>();
        node.properties().forEach(entry -> {
            double value = decimal(entry.getValue());
            if (Double.isFinite(value) && !BOOKKEEPING.contains(entry.getKey())) values.put(entry.getKey(), value);
        });
        return values;
    }

    private static Optional<Long> number(JsonNode node, String name) {
        JsonNode value = node.path(name);
        return value.isIntegralNumber() && value.canConvertToLong() ? Optional.of(value.asLong()) : Optional.empty();
    }

    static Optional<Duration> seconds(JsonNode value) {
        double seconds = decimal(value);
        return seconds >= 0 && seconds < 1e9
                ? Optional.of(Duration.ofMillis((long) (seconds * 1000)))
                : Optional.empty();
    }

    /** Beyond a double's range it is infinite, and what is no number is none. */
    private static double decimal(JsonNode value) {
        return value.isNumber() ? value.numberValue().doubleValue() : Double.NaN;
    }
}
