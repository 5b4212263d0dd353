package io.trainyard.contract.trainer;

import io.trainyard.spec.Container.Variable;
import io.trainyard.spec.SecretRef;
import io.trainyard.wire.Json;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/** The environment that the published images read their job from. */
final class Environment {
    /** What Linux passes to a process in one variable is less than 128 KiB. */
    private static final int MAX_VALUE_CHARACTERS = 120 * 1024;

    private static final String[] AWS_FIELDS = {
        "aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_region"
    };
    private static final String[] AWS_VARIABLES = {
        "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION"
    };

    private final Request request;
    private final String masked;
    private final Map<SecretRef, String> secrets;
    private final List<String> warnings;
    private final Map<String, Variable> variables = new LinkedHashMap<>();

    /**
     * Adds to the secrets the values that hold one.
     *
     * @param masked the request without nulls and secrets
     */
    Environment(Request request, String masked, Map<SecretRef, String> secrets, List<String> warnings) {
        this.request = request;
        this.masked = masked;
        this.secrets = secrets;
        this.warnings = warnings;
        fill();
    }

    Collection<Variable> variables() {
        return variables.values();
    }

    private void fill() {
        JsonNode body = request.body();
        JsonNode artifacts = body.get("artifacts");
        boolean anySecret = !request.secrets().isEmpty();
        JsonNode model = body.get("base_model");
        plain("TRAINING_JOB_ID", body.get("job_id").stringValue());
        plain("TRAINING_BACKEND", request.service().word);
        String whole = anySecret ? Json.text(body, Json.Style.WITHOUT_NULLS) : masked;
        put("TRAINING_REQUEST_JSON", whole, anySecret);
        json("TRAINING_RESOURCES_JSON", body.get("resources"), false);
        json("TRAINING_CUSTOMIZATION_JSON", body.get("customization"), false);
        json("TRAINING_TUNING_PARAMETERS_JSON", body.get("tuning_parameters"), false);
        JsonNode datasets = body.get("datasets");
        if (!datasets.isEmpty()) json("TRAINING_DATASETS_JSON", datasets, anySecret && holdsSecret(datasets));
        plain("TRAINING_LOG_URI", artifacts.get("log_uri").stringValue());
        plain("TRAINING_OUTPUT_URI", artifacts.get("output_uri").stringValue());
        JsonNode stream = artifacts.get("status_stream_url");
        if (stream.isString() && !stream.stringValue().isEmpty())
            plain("TRAINING_STATUS_STREAM_URL", stream.stringValue());
        json("TRAINING_BASE_MODEL_JSON", model, anySecret && holdsSecret(model));
        if (request.extras().unsloth != null) json("UNSLOTH_OPTIONS_JSON", request.extras().unsloth, false);
        if (anySecret) cloudKeys(artifacts.get("auth"), datasets);
        request.extras().environment.forEach(this::own);
    }

    /** The studio's keys, where the tools of the cloud look for them; the place of the results goes first. */
    private void cloudKeys(JsonNode ofArtifacts, JsonNode datasets) {
        JsonNode keys = ofArtifacts;
        for (int i = 0; i < datasets.size() && !hasKeys(keys); i++)
            keys = datasets.get(i).get("auth");
        if (!hasKeys(keys)) return;
        for (int i = 0; i < AWS_FIELDS.length; i++) {
            String name = AWS_VARIABLES[i];
            reference(keys.get(AWS_FIELDS[i]))
                    .ifPresent(secret -> variables.put(name, new Variable.Secret(name, secret)));
        }
    }

    private static boolean hasKeys(JsonNode auth) {
        return auth.path(AWS_FIELDS[0]).isString() && auth.path(AWS_FIELDS[1]).isString();
    }

    private void own(String name, JsonNode value) {
        Optional<SecretRef> secret = reference(value);
        if (secret.isPresent()) variables.put(name, new Variable.Secret(name, secret.get()));
        else plain(name, value.stringValue());
    }

    private Optional<SecretRef> reference(JsonNode value) {
        return Optional.ofNullable(request.hidden().get(value)).map(SecretRef::new);
    }

    private boolean holdsSecret(JsonNode node) {
        if (request.hidden().containsKey(node)) return true;
        for (JsonNode each : node) {
            if (holdsSecret(each)) return true;
        }
        return false;
    }

    private void json(String name, JsonNode node, boolean secret) {
        put(name, Json.text(node, Json.Style.WHOLE), secret);
    }

    private void plain(String name, String value) {
        put(name, value, false);
    }

    /** A value that contains a secret is a secret as a whole. */
    private void put(String name, String value, boolean secret) {
        if (value.length() > MAX_VALUE_CHARACTERS) {
            warnings.add(name + ": longer than " + MAX_VALUE_CHARACTERS + " characters, left out of the environment");
            variables.remove(name);
        } else if (secret) {
            var reference = new SecretRef("env." + name);
            secrets.put(reference, value);
            variables.put(name, new Variable.Secret(name, reference));
        } else {
            variables.put(name, new Variable.Plain(name, value));
        }
    }
}
