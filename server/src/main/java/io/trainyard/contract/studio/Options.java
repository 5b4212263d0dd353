package io.trainyard.contract.studio;

import io.trainyard.contract.studio.StudioSettings.FlagStyle;
import io.trainyard.http.Refusal;
import io.trainyard.wire.Secrecy;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/**
 * The options of the training script: what {@code trainer_args} says, then what stands beside it, which goes first.
 * They keep the order in which they came; a model has one name, {@code model_id}.
 */
final class Options {
    private static final Set<String> RESERVED = Set.of(
            "job_name", "jobName", "env", "trainer_args", "backend", "backend_args", "backend_params", "hf_token");
    /** They mean something at the top, and are handled there. */
    private static final Set<String> MEANT = Set.of("job_name", "jobName", "env", "trainer_args", "backend");

    private static final List<String> MODEL = List.of("model_id", "model", "model_name");
    /** Parts of a tokenizer's vocabulary, which is no secret. */
    private static final Set<String> NO_SECRETS = Set.of(
            "bos_token", "eos_token", "pad_token", "unk_token", "sep_token", "cls_token", "mask_token", "image_token");

    private final Map<String, JsonNode> values = new LinkedHashMap<>();
    /** Where in the body each came from. */
    private final Map<String, String> places = new HashMap<>();

    private final List<String> warnings;

    /** @param warnings where what is dropped is told */
    Options(JsonNode body, JsonNode trainerArguments, List<String> warnings) {
        this.warnings = warnings;
        take(trainerArguments, "trainer_args.");
        take(body, "");
    }

    private void take(JsonNode level, String prefix) {
        boolean modelTaken = false;
        for (var entry : level.properties()) {
            String name = entry.getKey();
            JsonNode value = entry.getValue();
            if (RESERVED.contains(name)) {
                boolean meant = name.equals("hf_token") || (prefix.isEmpty() && MEANT.contains(name));
                if (!meant && !value.isNull()) warnings.add(prefix + name + ": not used here, ignored");
            } else if (MODEL.contains(name)) {
                if (!modelTaken) modelTaken = model(level, prefix);
            } else if (!value.isNull()) {
                put(name, value, prefix + name);
            }
        }
    }

    private boolean model(JsonNode level, String prefix) {
        Optional<String> first = Optional.empty();
        for (String alias : MODEL) {
            JsonNode value = level.path(alias);
            if (value.isNull() || value.isMissingNode()) continue;
            if (first.isEmpty()) {
                first = Optional.of(alias);
                put("model_id", value, prefix + alias);
            } else if (!Objects.equals(level.get(first.get()), value)) {
                warnings.add(prefix + alias + ": ignored, " + prefix + first.get() + " says otherwise");
            }
        }
        return first.isPresent();
    }

    private void put(String name, JsonNode value, String place) {
        values.put(name, value);
        places.put(name, place);
    }

    Optional<JsonNode> get(String name) {
        return Optional.ofNullable(values.get(name));
    }

    void set(String name, JsonNode value) {
        values.put(name, value);
    }

    Map<String, JsonNode> values() {
        return Collections.unmodifiableMap(values);
    }

    String place(String name) {
        return places.getOrDefault(name, name);
    }

    /** Refuses what no flag can be. */
    void judge() {
        values.forEach((name, value) -> {
            String place = place(name);
            if (name.isEmpty()) throw new Refusal(400, place + ": an option needs a name");
            if (Secrecy.suspicious(name) && !NO_SECRETS.contains(name.toLowerCase(Locale.ROOT)))
                throw new Refusal(
                        400,
                        place + ": a secret among the flags would be seen by everybody on the machine; send it in env");
            if (!value.isArray()) item(value, place);
            else for (int i = 0; i < value.size(); i++) item(value.get(i), place + "[" + i + "]");
            if (name.equals("gradient_checkpointing") && value.isBoolean() && !value.booleanValue())
                warnings.add(
                        place
                                + ": false writes no flag, so that the script's own default holds; send no_gradient_checkpointing: true");
        });
    }

    private void item(JsonNode value, String place) {
        if (value.isNull()) {
            warnings.add(place + ": null, dropped");
            return;
        }
        Optional<String> text = value.isArray() ? Texts.joined(value) : Texts.scalar(value);
        if (text.isEmpty())
            throw new Refusal(
                    400,
                    "%s: %s is no value of a flag; send text, a number, true, false, or a list of these"
                            .formatted(place, Texts.kind(value)));
    }

    /** True is a bare flag, false nothing, a list the flag once an item. */
    List<String> flags(FlagStyle style) {
        var flags = new ArrayList<String>();
        values.forEach((name, value) -> {
            String flag = "--" + spelled(name, style);
            if (value.isBoolean()) {
                if (value.booleanValue()) flags.add(flag);
            } else if (value.isArray()) {
                for (JsonNode item : value) {
                    if (item.isNull()) continue;
                    flags.add(flag);
                    flags.add((item.isArray() ? Texts.joined(item) : Texts.scalar(item)).orElseThrow());
                }
            } else {
                flags.add(flag);
                flags.add(Texts.scalar(value).orElseThrow());
            }
        });
        return flags;
    }

    private static String spelled(String name, FlagStyle style) {
        return switch (style) {
            case UNDERSCORE -> name.replace('-', '_');
            case DASH -> name.replace('_', '-');
        };
    }
}
