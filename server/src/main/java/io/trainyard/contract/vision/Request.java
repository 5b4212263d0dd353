package io.trainyard.contract.vision;

import io.trainyard.wire.Checker;
import io.trainyard.wire.Fields.Shape;
import io.trainyard.wire.Json;
import io.trainyard.wire.Labels;
import io.trainyard.wire.Problem;
import io.trainyard.wire.Problem.Path;
import io.trainyard.wire.Scalars;
import io.trainyard.wire.Secrecy;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A request found good, after defaults. It holds no secrets: what is named like one is refused, because the flags of a
 * training script are seen by everybody.
 *
 * @param body its fields in their published order, the id aside
 */
record Request(ObjectNode body, Optional<String> id, List<String> warnings) {
    private static final int MAX_TEXT_CHARACTERS = 4096;
    private static final Pattern MEMORY = Pattern.compile("([1-9][0-9]{0,11})(Ki|Mi|Gi|Ti|K|M|G|T)?");

    /** What became of a body. */
    sealed interface Reading {
        record Good(Request request) implements Reading {}

        /** 422 with all of them. */
        record Wrong(List<Problem> problems) implements Reading {}
    }

    /** As the platform sends it: flat, or with the training below {@code config}. */
    static Reading create(JsonNode root, boolean odd) {
        return root.path("config").isObject() ? read(flat(root), odd, Tables.CREATE) : read(root, odd, Tables.CREATE);
    }

    private static ObjectNode flat(JsonNode root) {
        ObjectNode flat = ((ObjectNode) root.get("config")).deepCopy();
        for (var entry : root.properties())
            if (!entry.getKey().equals("config")) flat.set(entry.getKey(), entry.getValue());
        return flat;
    }

    /** As the Training Service is asked. */
    static Reading service(JsonNode root, boolean odd) {
        return read(root, odd, Tables.SERVICE);
    }

    /** As it was kept with its job. */
    static Request kept(String request, Optional<String> id) {
        return new Request((ObjectNode) Json.MAPPER.readTree(request), id, List.of());
    }

    private static Reading read(JsonNode root, boolean odd, Shape shape) {
        var checker = new Checker();
        if (!root.isObject()) return new Reading.Wrong(List.of(notAnObject()));
        if (odd) checker.wellFormed(root, Path.BODY);
        ObjectNode body = checker.object(root, shape, Path.BODY);
        if (shape.equals(Tables.SERVICE) && !root.has("num_classes"))
            checker.wrong(Path.BODY.child("num_classes"), null, false, "field required", "value_error.missing");
        Optional<String> id = settleId(body, checker);
        judge(body, checker);
        if (!checker.problems.isEmpty()) return new Reading.Wrong(checker.problems);
        return new Reading.Good(new Request(body, id, List.copyOf(checker.warnings)));
    }

    static Problem notAnObject() {
        return new Problem(Path.BODY, "value is not a valid dict", "type_error.dict", null, Map.of());
    }

    private static Optional<String> settleId(ObjectNode body, Checker checker) {
        JsonNode given = body.remove("job_id");
        if (given == null || given.isNull()) return Optional.empty();
        OptionalLong id = id(given.stringValue());
        if (id.isEmpty())
            checker.wrong(
                    Path.BODY.child("job_id"), given, false, "value is not a valid integer", "type_error.integer");
        return id.isEmpty() ? Optional.empty() : Optional.of(Long.toString(id.getAsLong()));
    }

    /** A whole number that is none below 0. */
    static OptionalLong id(String text) {
        Long number = Scalars.wholeOf(text.strip());
        return number == null || number < 0 || number == Long.MAX_VALUE
                ? OptionalLong.empty()
                : OptionalLong.of(number);
    }

    private static void judge(ObjectNode body, Checker checker) {
        for (var entry : body.properties())
            if (entry.getValue().isString() && entry.getValue().stringValue().length() > MAX_TEXT_CHARACTERS)
                checker.wrong(
                        Path.BODY.child(entry.getKey()),
                        entry.getValue(),
                        false,
                        "ensure this value has at most " + MAX_TEXT_CHARACTERS + " characters",
                        "value_error.any_str.max_length",
                        Map.of("limit_value", MAX_TEXT_CHARACTERS));
        if (body.path("learning_rate").doubleValue(0) >= 1)
            checker.wrong(
                    Path.BODY.child("learning_rate"),
                    body.get("learning_rate"),
                    false,
                    "ensure this value is less than 1",
                    "value_error.number.not_lt",
                    Map.of("limit_value", 1));
        String project = body.path("project_id").stringValue("");
        if (!Labels.isValue(project))
            checker.wrong(
                    Path.BODY.child("project_id"),
                    body.get("project_id"),
                    false,
                    "not a label value: " + Labels.VALUE_RULE,
                    "value_error.label.value");
        for (String field : List.of("memory", "memory_request")) memory(body.path("resources"), field, checker);
        openly(body.path("advanced_config"), Path.BODY.child("advanced_config"), checker);
    }

    private static void memory(JsonNode resources, String field, Checker checker) {
        JsonNode given = resources.path(field);
        if (given.isString() && gib(given.stringValue()).isEmpty())
            checker.wrong(
                    Path.BODY.child("resources").child(field),
                    given,
                    false,
                    "not an amount of memory: send it as 16Gi or 512Mi",
                    "value_error.quantity");
    }

    /** Whole GiB, rounded up. */
    static Optional<Integer> gib(String quantity) {
        Matcher parts = MEMORY.matcher(quantity);
        if (!parts.matches()) return Optional.empty();
        double bytes = Double.parseDouble(parts.group(1)) * unit(parts.group(2) == null ? "" : parts.group(2));
        double gib = Math.ceil(bytes / (1L << 30));
        return gib > 1 << 20 ? Optional.empty() : Optional.of((int) gib);
    }

    private static double unit(String unit) {
        return switch (unit) {
            case "Ki" -> 1L << 10;
            case "Mi" -> 1L << 20;
            case "Gi" -> 1L << 30;
            case "Ti" -> 1L << 40;
            case "K" -> 1e3;
            case "M" -> 1e6;
            case "G" -> 1e9;
            case "T" -> 1e12;
            default -> 1;
        };
    }

    /** Refuses what would be a secret in plain sight. */
    private static void openly(JsonNode in, Path at, Checker checker) {
        for (var entry : in.properties()) {
            Path place = at.child(entry.getKey());
            if (Secrecy.suspicious(entry.getKey()) && !entry.getValue().isNull())
                checker.wrong(
                        place,
                        null,
                        true,
                        "a secret among the flags of the training script would be seen by everybody on the machine;"
                                + " have the operator put it into the trainer's environment",
                        "value_error.secret");
            else openly(entry.getValue(), place, checker);
        }
        if (in.isArray()) for (int i = 0; i < in.size(); i++) openly(in.get(i), at.child(i), checker);
    }

    String text(String field) {
        return body.path(field).stringValue("");
    }

    /** Empty text counts as absent. */
    Optional<String> some(String field) {
        return Optional.of(text(field)).filter(text -> !text.isEmpty());
    }

    boolean flag(String field) {
        return body.path(field).booleanValue(false);
    }

    Optional<Executor> executor() {
        return some("executor").flatMap(Executor::named);
    }

    /** The same, started in another way. */
    Request with(JsonNode start) {
        ObjectNode changed = body.deepCopy();
        for (var entry : start.properties())
            if (!entry.getValue().isNull()) changed.set(entry.getKey(), entry.getValue());
        return new Request(changed, id, warnings);
    }
}
