package io.trainyard.backend.pods;

import io.trainyard.backend.Launch;
import io.trainyard.spec.Container.Variable;
import io.trainyard.spec.JobSpec;
import io.trainyard.spec.SecretRef;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** The environment of a container: values in the open, and the names of those that lie in the attempt's Secret. */
public final class Environment {
    /** Key of the Secret whose value is a file for the trainer. */
    public static final String PUSH_TOKEN = "push-token";

    public static final String PUSH_TOKEN_FOLDER = "/var/run/secrets/trainyard";
    public static final String PUSH_TOKEN_FILE = PUSH_TOKEN_FOLDER + "/" + PUSH_TOKEN;

    private static final JsonMapper JSON = new JsonMapper();

    private Environment() {}

    /** @param secret the name of the Secret */
    public static ArrayNode of(JobSpec spec, String secret, Map<String, String> further) {
        ArrayNode environment = JSON.createArrayNode();
        for (Variable variable : spec.container().environment()) {
            if (further.containsKey(variable.name())) continue;
            switch (variable) {
                case Variable.Plain plain ->
                    environment.addObject().put("name", plain.name()).put("value", verbatim(plain.value()));
                case Variable.Secret hidden -> reference(environment, hidden.name(), secret);
                case Variable.FromCluster there -> environment.add(reference(there));
            }
        }
        implied(spec).keySet().forEach(name -> {
            if (!further.containsKey(name)) once(environment, name, secret);
        });
        new TreeMap<>(further)
                .forEach((name, value) ->
                        environment.addObject().put("name", name).put("value", verbatim(value)));
        return environment;
    }

    /** What goes into the Secret: by the name of each variable, its value. */
    public static Map<String, String> secrets(Launch launch, boolean pushToken) {
        JobSpec spec = launch.spec();
        Map<SecretRef, String> opened = launch.secrets();
        var values = new TreeMap<String, String>();
        implied(spec).forEach((name, reference) -> open(opened, reference).ifPresent(it -> values.put(name, it)));
        for (Variable variable : spec.container().environment())
            switch (variable) {
                case Variable.Plain plain -> values.remove(plain.name());
                case Variable.Secret hidden ->
                    open(opened, hidden.secret()).ifPresent(it -> values.put(hidden.name(), it));
                case Variable.FromCluster there -> values.remove(there.name());
            }
        if (pushToken) launch.push().ifPresent(push -> values.put(PUSH_TOKEN, push.token()));
        return values;
    }

    private static Optional<String> open(Map<SecretRef, String> opened, SecretRef reference) {
        return Optional.ofNullable(opened.get(reference));
    }

    /** Secrets that the job names elsewhere than in its environment, in order. */
    private static Map<String, SecretRef> implied(JobSpec spec) {
        var implied = new LinkedHashMap<String, SecretRef>();
        spec.datasets()
                .forEach(dataset -> new TreeMap<>(dataset.credentials())
                        .forEach((field, reference) -> implied.putIfAbsent(field.toUpperCase(Locale.ROOT), reference)));
        spec.model().token().ifPresent(token -> implied.putIfAbsent("HF_TOKEN", token));
        return implied;
    }

    /** The job's own variable of that name goes first. */
    private static void once(ArrayNode environment, String variable, String secret) {
        for (var each : environment) if (each.path("name").asString("").equals(variable)) return;
        reference(environment, variable, secret);
    }

    /** Optional: a pod without it starts, and has no such variable. */
    private static ObjectNode reference(Variable.FromCluster there) {
        ObjectNode variable = JSON.createObjectNode().put("name", there.name());
        String kind = switch (there.kind()) {
            case SECRET -> "secretKeyRef";
            case CONFIG_MAP -> "configMapKeyRef";
        };
        variable.putObject("valueFrom")
                .putObject(kind)
                .put("name", there.object())
                .put("key", there.key())
                .put("optional", true);
        return variable;
    }

    private static void reference(ArrayNode environment, String variable, String secret) {
        environment
                .addObject()
                .put("name", variable)
                .putObject("valueFrom")
                .putObject("secretKeyRef")
                .put("name", secret)
                .put("key", variable);
    }

    /**
     * As a cluster has to read it to get this: {@code $(NAME)} would be expanded, a secret variable into the open, and
     * {@code $$} is one dollar sign.
     */
    public static String verbatim(String value) {
        var out = new StringBuilder(value.length());
        for (int i = 0; i < value.length(); i++) {
            char each = value.charAt(i);
            out.append(each);
            boolean special = each == '$' && i + 1 < value.length() && "$(".indexOf(value.charAt(i + 1)) >= 0;
            if (special) out.append('$');
        }
        return out.toString();
    }
}
