package io.trainyard.contract.unified;

import io.trainyard.wire.Checker;
import io.trainyard.wire.Problem.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * {@code extra_args}: knobs that go on as flags and, whole, as {@code TRAINING_EXTRA_ARGS_JSON}, whose values win and
 * keep their types. A word of a flag is one element of an array that no shell reads; what a parser of flags would take
 * for a flag of its own stands in the JSON only.
 */
final class ExtraArguments {
    /** What Linux passes to a process in one variable or argument is less than 128 KiB. */
    static final int MAX_JSON_CHARACTERS = 120 * 1024;

    private static final int MAX_KEY_CHARACTERS = 128;
    private static final Path AT = Path.BODY.child("extra_args");
    private static final Pattern KEY = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.-]*");
    private static final Pattern NUMBER = Pattern.compile("-(\\d+|\\d*\\.\\d+)");
    /** The flags of {@code train.py}, each with the field that sets it: argparse takes any beginning of one for it. */
    private static final Map<String, String> FLAGS = flags();

    /** As given, secrets included. */
    final ObjectNode given;

    final String json;
    final boolean holdsSecret;
    final List<String> words = new ArrayList<>();
    /** Those without secrets, for the job's own settings. */
    final Map<String, JsonNode> open = new LinkedHashMap<>();

    private final Checker checker;

    ExtraArguments(ObjectNode given, Checker checker) {
        this.given = given;
        this.checker = checker;
        checker.hideSuspicious(given, AT, false);
        json = PythonText.json(given);
        holdsSecret = hides(given);
        for (var entry : given.properties()) {
            if (judgeKey(entry.getKey())) add(entry.getKey(), entry.getValue());
        }
        if (json.length() > MAX_JSON_CHARACTERS)
            checker.wrong(
                    AT,
                    null,
                    true,
                    "ensure that its JSON has at most " + MAX_JSON_CHARACTERS + " characters",
                    "value_error.any_str.max_length",
                    Map.of("limit_value", MAX_JSON_CHARACTERS));
    }

    private static Map<String, String> flags() {
        var flags = new LinkedHashMap<String, String>();
        for (String field : List.of("framework", "run_id", "model_id", "dataset_uri"))
            flags.put(field.replace('_', '-'), field);
        for (String derived : List.of("checkpoint-base-uri", "checkpoint-prefix", "logs-uri", "config-uri"))
            flags.put(derived, "checkpoint_base_uri");
        flags.put("config", "config_path");
        flags.put("resume", "resume_from_checkpoint");
        flags.put("extra-args-json", "extra_args");
        flags.put("help", "another name");
        return flags;
    }

    private boolean judgeKey(String key) {
        if (!KEY.matcher(key).matches() || key.length() > MAX_KEY_CHARACTERS) {
            checker.wrong(
                    AT.child(key),
                    null,
                    true,
                    "not a name of a flag: at most " + MAX_KEY_CHARACTERS
                            + " letters, digits, '_', '-' and '.', starting with a letter or digit",
                    "value_error.extra_args.key");
            return false;
        }
        String flag = flag(key);
        for (var known : FLAGS.entrySet()) {
            if (!known.getKey().startsWith(flag)) continue;
            checker.wrong(
                    AT.child(key),
                    null,
                    true,
                    "--%s would be taken for the trainer's own --%s; use %s instead"
                            .formatted(flag, known.getKey(), known.getValue()),
                    "value_error.extra_args.reserved");
            return false;
        }
        return true;
    }

    private static String flag(String key) {
        return key.replace('_', '-');
    }

    private void add(String key, JsonNode value) {
        Path at = AT.child(key);
        if (hides(value)) {
            checker.warn(at, "holds a secret: handed on in TRAINING_EXTRA_ARGS_JSON only, not as a flag");
            return;
        }
        open.put(key, value);
        String flag = "--" + flag(key);
        if (value.isBoolean()) {
            if (value.booleanValue()) words.add(flag);
        } else if (value.isArray()) {
            for (int i = 0; i < value.size(); i++) pair(flag, value.get(i), at.child(i));
        } else {
            pair(flag, value, at);
        }
    }

    private void pair(String flag, JsonNode value, Path at) {
        if (value.isNull()) {
            checker.warn(at, "null: no flag is made of it");
            return;
        }
        String word = PythonText.str(value);
        if (word.startsWith("-") && !NUMBER.matcher(word).matches()) {
            checker.warn(at, "looks like a flag: handed on in TRAINING_EXTRA_ARGS_JSON only");
            return;
        }
        words.addAll(List.of(flag, word));
    }

    private boolean hides(JsonNode value) {
        if (checker.hidden.containsKey(value)) return true;
        for (JsonNode each : value) {
            if (hides(each)) return true;
        }
        return false;
    }
}
