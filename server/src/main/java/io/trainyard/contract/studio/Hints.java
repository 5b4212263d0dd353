package io.trainyard.contract.studio;

import io.trainyard.spec.Hyperparameters;
import io.trainyard.spec.Method;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/**
 * What the flags say of the training in words that the rest of the product knows, with the script's own defaults. For
 * show only: the script reads its flags itself, and refuses what it does not understand.
 */
record Hints(Options options) {
    private static final String DEFAULT_MODEL = "meta-llama/Llama-3.2-3B-Instruct";

    String model() {
        return text("model_id").filter(model -> !model.isEmpty()).orElse(DEFAULT_MODEL);
    }

    Method method() {
        Method.Kind kind = switch (text("method").orElse("qlora").toLowerCase(Locale.ROOT)) {
            case "full" -> Method.Kind.FULL;
            case "lora" -> Method.Kind.LORA;
            default -> Method.Kind.QLORA;
        };
        Optional<Method.Lora> lora = kind == Method.Kind.FULL
                ? Optional.empty()
                : Optional.of(new Method.Lora(
                        whole("lora_rank", 32), whole("lora_alpha", 16), number("lora_dropout", 0.05), List.of()));
        return new Method(
                kind,
                List.of(),
                flag("bf16") ? Method.Precision.BF16 : Method.Precision.FP32,
                !flag("no_gradient_checkpointing"),
                lora,
                kind == Method.Kind.QLORA ? Optional.of(Method.QLora.DEFAULT) : Optional.empty(),
                Optional.empty());
    }

    Hyperparameters hyperparameters() {
        int each = whole("per_device_train_batch_size", 1);
        long batch = (long) each * whole("gradient_accumulation_steps", 16);
        return new Hyperparameters(
                number("learning_rate", 2e-4),
                (int) Math.min(batch, Integer.MAX_VALUE),
                Optional.of(each),
                whole("num_train_epochs", 2),
                Optional.empty(),
                number("warmup_ratio", 0.03),
                whole("max_length", 512),
                0,
                Optional.empty());
    }

    private Optional<String> text(String name) {
        return options.get(name).flatMap(Texts::text);
    }

    private boolean flag(String name) {
        return options.get(name)
                .filter(value -> value.isBoolean() && value.booleanValue())
                .isPresent();
    }

    private int whole(String name, int otherwise) {
        double value = number(name, otherwise);
        return value >= 1 && value <= Integer.MAX_VALUE ? (int) value : otherwise;
    }

    private double number(String name, double otherwise) {
        Optional<JsonNode> value = options.get(name);
        try {
            double number = value.flatMap(Texts::text).map(Double::parseDouble).orElse(otherwise);
            return Double.isFinite(number) && number >= 0 ? number : otherwise;
        } catch (NumberFormatException notOne) {
            return otherwise;
        }
    }
}
