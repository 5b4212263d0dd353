package io.trainyard.contract.unified;

import io.trainyard.spec.Hyperparameters;
import io.trainyard.spec.Method;
import io.trainyard.spec.Settings;
import io.trainyard.wire.Json;
import io.trainyard.wire.Scalars;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.DoublePredicate;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * The knobs among {@code extra_args} that a job of ours has places for. The arguments are free: a value that does not
 * fit its place keeps the place's default, and goes on to the trainer all the same, with a warning.
 */
final class Knobs {
    private final Map<String, JsonNode> open;
    private final boolean hf;
    private final int processes;
    private final List<String> warnings;
    private final Map<String, @Nullable Object> rest = new LinkedHashMap<>();
    private final Hyperparameters hyperparameters;
    private final Method method;
    private final Optional<Integer> checkpointEverySteps;
    private final String revision;

    Knobs(Request request, List<String> warnings) {
        this.warnings = warnings;
        open = new LinkedHashMap<>(request.extraArguments().open);
        hf = request.framework().equals("hf");
        processes = request.body().get("num_nodes").intValue()
                * request.body().get("gpus_per_node").intValue();
        hyperparameters = read();
        method = readMethod();
        checkpointEverySteps = whole("save_steps", 1);
        revision = word("revision").orElse("main");
        open.forEach((name, value) -> rest.put(name, Json.MAPPER.convertValue(value, Object.class)));
    }

    Hyperparameters hyperparameters() {
        return hyperparameters;
    }

    Method method() {
        return method;
    }

    Optional<Integer> checkpointEverySteps() {
        return checkpointEverySteps;
    }

    String revision() {
        return revision;
    }

    /** Those without a place of their own, as they came. */
    Settings rest() {
        return new Settings(rest);
    }

    /** With the defaults of this contract's trainer, which counts a batch as one process sees it at once. */
    private Hyperparameters read() {
        int perProcess = whole("batch_size", 1).orElse(hf ? 2 : 1);
        double batch = (double) perProcess * whole("gradient_accumulation", 1).orElse(1) * processes;
        Optional<Double> rate = decimal("lr", value -> value > 0);
        Optional<Double> longName = decimal("learning_rate", value -> value > 0);
        return new Hyperparameters(
                rate.or(() -> longName).orElse(hf ? 5e-5 : 2e-5),
                (int) Math.min(Integer.MAX_VALUE, batch),
                Optional.of(perProcess),
                whole("num_epochs", 1).orElse(1),
                whole("max_steps", 1),
                decimal("warmup_ratio", value -> value >= 0 && value <= 1).orElse(0.0),
                whole("max_seq_len", 1).orElse(2048),
                decimal("weight_decay", value -> value >= 0).orElse(0.0),
                whole("seed", 0));
    }

    private Method readMethod() {
        Method.Kind kind = choice("method", Method.Kind.values()).orElse(Method.Kind.FULL);
        boolean lora = kind == Method.Kind.LORA || kind == Method.Kind.QLORA;
        return new Method(
                kind,
                List.of(),
                choice("precision", Method.Precision.values()).orElse(Method.Precision.BF16),
                flag("gradient_checkpointing").orElse(false),
                lora
                        ? Optional.of(new Method.Lora(
                                whole("lora_rank", 1).orElse(Method.Lora.DEFAULT.rank()),
                                whole("lora_alpha", 1).orElse(Method.Lora.DEFAULT.alpha()),
                                decimal("lora_dropout", value -> value >= 0 && value <= 1)
                                        .orElse(Method.Lora.DEFAULT.dropout()),
                                texts("target_modules")))
                        : Optional.empty(),
                kind == Method.Kind.QLORA ? Optional.of(Method.QLora.DEFAULT) : Optional.empty(),
                Optional.empty());
    }

    private Optional<Integer> whole(String name, int least) {
        Optional<Integer> value = Optional.ofNullable(open.get(name))
                .map(Scalars::wholeOf)
                .filter(number -> number >= least && number <= Integer.MAX_VALUE)
                .map(Long::intValue);
        return taken(name, value, "a whole number of its range");
    }

    private Optional<Double> decimal(String name, DoublePredicate fits) {
        Optional<Double> value = Optional.ofNullable(open.get(name))
                .map(Scalars::decimalOf)
                .filter(number -> Double.isFinite(number) && fits.test(number));
        return taken(name, value, "a number of its range");
    }

    private Optional<Boolean> flag(String name) {
        JsonNode given = open.get(name);
        return taken(
                name,
                given != null && given.isBoolean() ? Optional.of(given.booleanValue()) : Optional.empty(),
                "true or false");
    }

    private Optional<String> word(String name) {
        JsonNode given = open.get(name);
        return taken(
                name,
                given != null && given.isString() && !given.stringValue().isEmpty()
                        ? Optional.of(given.stringValue())
                        : Optional.empty(),
                "text");
    }

    private <E extends Enum<E>> Optional<E> choice(String name, E[] choices) {
        JsonNode given = open.get(name);
        Optional<E> found = Optional.empty();
        for (E choice : choices) {
            if (given != null && choice.name().toLowerCase(Locale.ROOT).equals(given.stringValue("")))
                found = Optional.of(choice);
        }
        return taken(name, found, "one of the known words");
    }

    private List<String> texts(String name) {
        JsonNode given = open.get(name);
        if (given == null || !given.isArray()) return List.of();
        var texts = given.valueStream().map(each -> each.stringValue("")).toList();
        return taken(name, texts.contains("") ? Optional.empty() : Optional.of(texts), "a list of text")
                .orElse(List.of());
    }

    /** What found its place does not go on as one of the rest; null counts as absent. */
    private <T> Optional<T> taken(String name, Optional<T> value, String wanted) {
        JsonNode given = open.get(name);
        if (given == null) return value;
        if (value.isPresent() || given.isNull()) open.remove(name);
        else warnings.add("extra_args.%s: not %s, only handed on to the trainer".formatted(name, wanted));
        return value;
    }
}
