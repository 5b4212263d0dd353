package io.trainyard.contract.studio;

import io.trainyard.http.Refusal;
import io.trainyard.wire.Checker;
import io.trainyard.wire.Problem;
import io.trainyard.wire.Secrecy;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/**
 * A body judged. What is wrong is told one at a time, in the published order: backend, dataset, output, the backend's
 * own rule, the rest.
 */
final class Request {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
    private static final Pattern KEPT_AS_IT_IS = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]*://.*|/.*", Pattern.DOTALL);
    private static final int MAX_WARNINGS = 100;
    /** Shorter secrets would be found in ordinary text by chance. */
    private static final int MIN_TEXT_SECRET_CHARACTERS = 8;

    private static final String HF_TOKEN = "HF_TOKEN";

    final JsonNode body;
    final Target target;
    final Options options;
    /** None where the client left the name to us. */
    final Optional<String> name;

    final String datasetFile;
    final String outputDir;
    /** In order; those among {@link #secrets} must not be shown. */
    final Map<String, String> environment = new LinkedHashMap<>();

    /** Variables whose values are secrets. */
    final List<String> secrets = new ArrayList<>();

    private final List<String> warnings = new ArrayList<>();
    private final StudioSettings settings;

    /** @throws Refusal 400 naming field, value and remedy */
    Request(JsonNode root, boolean odd, StudioSettings settings) {
        this.settings = settings;
        body = root.isObject() ? root : JSON.objectNode();
        if (odd) wellFormed();
        target = target();
        JsonNode trainerArguments = objectOr("trainer_args");
        options = new Options(body, trainerArguments, warnings);
        datasetFile = required("dataset_file");
        outputDir = required("output_dir");
        judgeTarget();
        name = name();
        readEnvironment(trainerArguments);
        options.judge();
        options.set("dataset_file", JSON.stringNode(plainScheme(datasetFile)));
        options.set("output_dir", JSON.stringNode(plainScheme(outputDir)));
        noSecretInPlainSight();
    }

    List<String> warnings() {
        return Texts.warnings(warnings, MAX_WARNINGS);
    }

    private void wellFormed() {
        var checker = new Checker();
        checker.wellFormed(body, Problem.Path.BODY);
        if (!checker.problems.isEmpty()) {
            Problem first = checker.problems.getFirst();
            throw new Refusal(400, first.where() + ": " + first.message());
        }
    }

    private Target target() {
        JsonNode given = body.path("backend");
        if (given.isNull()
                || given.isMissingNode()
                || (given.isString() && given.stringValue().isEmpty())) return settings.standard();
        String word = Texts.scalar(given).orElseGet(() -> Texts.kind(given));
        return Optional.of(given)
                .filter(JsonNode::isString)
                .flatMap(_ -> Target.named(word))
                .orElseThrow(() -> new Refusal(
                        400, "Unsupported backend \"%s\". Available: %s".formatted(Texts.shown(word), Target.WORDS)));
    }

    /** An object, empty where there is none. */
    private JsonNode objectOr(String field) {
        JsonNode given = body.path(field);
        if (given.isNull() || given.isMissingNode()) return JSON.objectNode();
        if (given.isObject()) return given;
        throw new Refusal(
                400, "%s: an object of names and values is wanted, not %s".formatted(field, Texts.kind(given)));
    }

    private String required(String field) {
        Optional<JsonNode> given = options.get(field);
        if (given.isEmpty()) throw new Refusal(400, field + " is required");
        String text = Texts.text(given.get())
                .orElseThrow(() -> new Refusal(
                        400, "%s: text is wanted, not %s".formatted(options.place(field), Texts.kind(given.get()))));
        if (text.isBlank()) throw new Refusal(400, field + " is required");
        // A path on a cluster is not a path on this machine.
        boolean relative =
                target == Target.LOCAL && !KEPT_AS_IT_IS.matcher(text).matches();
        return relative ? settings.root().resolve(text).normalize().toString() : text;
    }

    private void judgeTarget() {
        List<String> lacks = settings.simulated() ? List.of() : settings.lacks().getOrDefault(target, List.of());
        if (!lacks.isEmpty()) throw new Refusal(400, lacks.getFirst());
        String dataset = datasetFile.toLowerCase(Locale.ROOT);
        boolean google = dataset.startsWith("gs://");
        switch (target) {
            case KUBERNETES -> {
                if (!google && !dataset.startsWith("s3://"))
                    throw new Refusal(400, "dataset_file must be a GCS or S3 URI for Kubernetes jobs");
            }
            case VERTEX -> {
                if (!google) throw new Refusal(400, "dataset_file must be a gs:// URI for Vertex jobs");
            }
            case LOCAL -> {}
        }
    }

    /** The scheme in small letters, which is how trainers know it. */
    private static String plainScheme(String uri) {
        int colon = uri.indexOf("://");
        return colon < 0 ? uri : uri.substring(0, colon).toLowerCase(Locale.ROOT) + uri.substring(colon);
    }

    private Optional<String> name() {
        for (String field : List.of("job_name", "jobName")) {
            JsonNode given = body.path(field);
            if (given.isNull() || given.isMissingNode()) continue;
            String text = Texts.text(given)
                    .orElseThrow(
                            () -> new Refusal(400, "%s: text is wanted, not %s".formatted(field, Texts.kind(given))));
            if (!text.isEmpty()) return Optional.of(text);
        }
        return Optional.empty();
    }

    private void readEnvironment(JsonNode trainerArguments) {
        for (var entry : objectOr("env").properties()) {
            String variable = entry.getKey();
            String place = "env." + Texts.shown(variable);
            JsonNode value = entry.getValue();
            if (variable.isEmpty() || variable.indexOf('=') >= 0)
                throw new Refusal(400, place + ": not a name of an environment variable");
            if (value.isNull()) {
                warnings.add(place + ": null, dropped");
                continue;
            }
            environment.put(
                    variable,
                    Texts.scalar(value)
                            .orElseThrow(() -> new Refusal(
                                    400, "%s: text is wanted, not %s".formatted(place, Texts.kind(value)))));
        }
        token(body, "hf_token")
                .or(() -> token(trainerArguments, "trainer_args.hf_token"))
                .ifPresent(token -> environment.put(HF_TOKEN, token));
        environment.forEach((variable, value) -> {
            if (!value.isEmpty() && Secrecy.looksSecret(variable, "", List.of())) secrets.add(variable);
        });
        environment.forEach((variable, value) -> {
            if (!value.isEmpty() && !secrets.contains(variable) && Secrecy.looksSecret(variable, value, secretValues()))
                secrets.add(variable);
        });
    }

    private static Optional<String> token(JsonNode level, String place) {
        JsonNode given = level.path("hf_token");
        if (given.isNull() || given.isMissingNode()) return Optional.empty();
        String token = Texts.text(given)
                .orElseThrow(() -> new Refusal(400, place + ": text is wanted, not " + Texts.kind(given)));
        return Optional.of(token).filter(text -> !text.isEmpty());
    }

    private List<String> secretValues() {
        return secrets.stream()
                .map(variable -> environment.getOrDefault(variable, ""))
                .filter(secret -> !secret.isEmpty())
                .toList();
    }

    private boolean repeatsSecret(String text) {
        return secretValues().stream()
                .anyMatch(secret -> secret.length() >= MIN_TEXT_SECRET_CHARACTERS && text.contains(secret));
    }

    /** Flags and names are shown to everybody. */
    private void noSecretInPlainSight() {
        name.filter(this::repeatsSecret).ifPresent(_ -> plain("job_name"));
        options.values().forEach((option, value) -> {
            Optional<String> text = value.isArray() ? Texts.joined(value) : Texts.scalar(value);
            if (text.filter(this::repeatsSecret).isPresent() || repeatsSecret(option)) plain(options.place(option));
        });
    }

    private static void plain(String place) {
        throw new Refusal(
                400, Texts.shown(place) + ": repeats the value of a secret, which all may see here; leave it out");
    }
}
