package io.trainyard.contract.unified;

import io.trainyard.secrets.Mask;
import io.trainyard.spec.Container.Variable;
import io.trainyard.spec.SecretRef;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The environment and the arguments by which the published image's {@code train.py} is told its run. */
final class Environment {
    /** Flags of {@code train.py} in their published order, each with the variable it repeats. */
    private static final String[][] FLAGS = {
        {"--framework", "FRAMEWORK"},
        {"--run-id", "RUN_ID"},
        {"--checkpoint-base-uri", "CHECKPOINT_BASE_URI"},
        {"--checkpoint-prefix", "CHECKPOINT_PREFIX"},
        {"--dataset-uri", "DATASET_URI"},
        {"--logs-uri", "LOGS_URI"},
        {"--config-uri", "CONFIG_URI"},
        {"--model-id", "MODEL_ID"},
        {"--config", "CONFIG_PATH"}
    };

    private final Request request;
    private final Mask mask;
    private final Map<SecretRef, String> secrets;
    private final Map<String, Variable> variables = new LinkedHashMap<>();

    /** Adds to the secrets the values that hold one. */
    Environment(Request request, String prefix, Mask mask, Map<SecretRef, String> secrets, List<String> warnings) {
        this.request = request;
        this.mask = mask;
        this.secrets = secrets;
        put("FRAMEWORK", request.framework());
        put("MODEL_ID", request.text("model_id"));
        put("RUN_ID", request.runId());
        put("NUM_NODES", String.valueOf(request.body().get("num_nodes").intValue()));
        put("GPUS_PER_NODE", String.valueOf(request.body().get("gpus_per_node").intValue()));
        put("CHECKPOINT_BASE_URI", request.text("checkpoint_base_uri"));
        put("CHECKPOINT_PREFIX", prefix);
        put("CHECKPOINTS_URI", prefix + "/checkpoints");
        put("LOGS_URI", prefix + "/logs");
        put("CONFIG_URI", prefix + "/config");
        put("DATASET_URI", request.text("dataset_uri"));
        put("TRAINING_EXTRA_ARGS_JSON", request.extraArguments().json, request.extraArguments().holdsSecret);
        request.some("config_path").ifPresent(path -> put("CONFIG_PATH", path));
        if (resumes()) put("RESUME_FROM_CHECKPOINT", "1");
        own(warnings);
    }

    private boolean resumes() {
        return request.body().get("resume_from_checkpoint").booleanValue();
    }

    /** A variable of the client's stands in the place of ours, where two of a name stood before and the later won. */
    private void own(List<String> warnings) {
        for (var entry : request.body().get("env").properties()) {
            String name = entry.getKey();
            if (variables.containsKey(name)) warnings.add("env." + name + ": replaces the one this service sets");
            String secret = request.hidden().get(entry.getValue());
            if (secret == null)
                variables.put(name, new Variable.Plain(name, entry.getValue().stringValue()));
            else variables.put(name, new Variable.Secret(name, new SecretRef(secret)));
        }
    }

    private void put(String name, String value) {
        put(name, value, !mask.apply(value).equals(value));
    }

    /** A value that contains a secret is a secret as a whole. */
    private void put(String name, String value, boolean secret) {
        if (secret) {
            var reference = new SecretRef("computed." + name);
            secrets.put(reference, value);
            variables.put(name, new Variable.Secret(name, reference));
        } else {
            variables.put(name, new Variable.Plain(name, value));
        }
    }

    Collection<Variable> variables() {
        return variables.values();
    }

    /**
     * The program and its flags, word by word: no shell ever reads them. Secrets are left to the environment, where
     * {@code train.py} looks for what no flag says.
     */
    List<String> arguments() {
        var words = new ArrayList<String>();
        words.add("train.py");
        for (String[] flag : FLAGS) {
            Optional<String> value = Optional.ofNullable(variables.get(flag[1])).flatMap(Environment::open);
            // One word where the value itself would be taken for a flag.
            if (value.isPresent() && value.get().startsWith("-")) words.add(flag[0] + "=" + value.get());
            else value.ifPresent(text -> words.addAll(List.of(flag[0], text)));
        }
        if (resumes()) words.add("--resume");
        words.addAll(request.extraArguments().words);
        return words;
    }

    private static Optional<String> open(Variable variable) {
        return switch (variable) {
            case Variable.Plain plain -> Optional.of(plain.value());
            case Variable.Secret _, Variable.FromCluster _ -> Optional.empty();
        };
    }
}
