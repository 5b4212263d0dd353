package io.trainyard.contract.trainer;

import io.trainyard.admission.Wanted;
import io.trainyard.job.Identity;
import io.trainyard.secrets.Mask;
import io.trainyard.spec.Container;
import io.trainyard.spec.SecretRef;
import io.trainyard.wire.Json;
import io.trainyard.wire.Labels;
import io.trainyard.wire.Secrecy;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Turns a request of this contract into a job in our own words; pure. */
final class Translator {
    static final String CONTRACT = "trainer";
    /** Shorter secrets are not looked for in free text, where they would be found by chance. */
    private static final int MIN_TEXT_SECRET_CHARACTERS = 8;

    private static final String LABEL_PREFIX = "trainer.deepfinery/";

    private final Request request;
    private final Extras extras;
    private final ObjectNode body;
    private final JsonNode callbacks;
    private final String jobId;
    private final String name;
    private final List<String> warnings;
    /** Masks what the client's free text repeats of its secrets. */
    private final Mask mask;

    private final Json.Style shown;
    private final Map<SecretRef, String> secrets = new HashMap<>();

    private Translator(Request request) {
        this.request = request;
        extras = request.extras();
        body = request.body();
        callbacks = body.get("callbacks");
        jobId = body.get("job_id").stringValue();
        name = request.service().backendJobId(jobId);
        warnings = new ArrayList<>(request.warnings());
        mask = textMask(request.secrets());
        shown = new Json.Style(false, false, request.hidden().keySet(), mask);
        request.secrets().forEach((key, value) -> secrets.put(new SecretRef(key), value));
    }

    private static Mask textMask(Map<String, String> secrets) {
        if (secrets.isEmpty()) return Json.Style.WHOLE.mask();
        var values = new ArrayList<String>();
        secrets.forEach((name, value) -> {
            if (value.length() >= MIN_TEXT_SECRET_CHARACTERS && !name.endsWith("aws_region")) values.add(value);
        });
        return Mask.of(values);
    }

    static Wanted wanted(Request request, String project, RuntimeDefaults runtime, Optional<String> idempotencyKey) {
        return new Translator(request).wanted(project, runtime, idempotencyKey);
    }

    private Wanted wanted(String project, RuntimeDefaults runtime, Optional<String> idempotencyKey) {
        String masked = Json.text(body, shown);
        var environment = new Environment(request, masked, secrets, warnings);
        var labels = new LinkedHashMap<String, String>();
        labels.put(LABEL_PREFIX + "backend", request.service().word);
        labels.put(LABEL_PREFIX + "job-id", Labels.isValue(jobId) ? jobId : name);
        labels.putAll(extras.labels);
        var annotations = new LinkedHashMap<String, String>();
        annotations.put(LABEL_PREFIX + "request-json", masked);
        annotations.put(LABEL_PREFIX + "job-id", jobId);
        extras.annotations.forEach(
                (key, value) -> annotations.put(key, Secrecy.suspicious(key) ? Mask.STARS : mask.apply(value)));
        var container =
                new Container(extras.image, extras.command, extras.arguments, List.copyOf(environment.variables()));
        warnOfSecretWords("trainer_command", extras.command);
        warnOfSecretWords("trainer_args", extras.arguments);
        var shown = new TrainJob.Shown(
                runtime.apiVersion(),
                masked(command()),
                masked(extras.arguments),
                extras.perNode.shown(),
                Optional.ofNullable(body.get("datasets").get(0))
                        .map(first -> first.get("source").stringValue()),
                request.modelUri(),
                callbacks,
                new Json.Style(true, false, request.hidden().keySet(), mask));
        return new Wanted(
                new Identity(project, CONTRACT, request.service().word, Optional.of(jobId), 1),
                new Specification(request).spec(name, labels, annotations, container),
                shown.json(),
                warnings,
                secrets,
                canonical(),
                idempotencyKey);
    }

    private byte[] canonical() {
        var bytes = new ByteArrayOutputStream(2048);
        bytes.writeBytes(request.service().word.getBytes(StandardCharsets.UTF_8));
        bytes.writeBytes(Json.bytes(body, Json.Style.CANONICAL));
        return bytes.toByteArray();
    }

    private List<String> command() {
        if (!extras.command.isEmpty() || extras.executor.isEmpty()) return extras.command;
        return List.of(extras.executor);
    }

    private List<String> masked(List<String> words) {
        return words.stream().map(mask::apply).toList();
    }

    private void warnOfSecretWords(String parameter, List<String> words) {
        if (!masked(words).equals(words))
            warnings.add("extra_parameters." + parameter
                    + ": holds a secret that the machine's process list shows; put it into trainer_env");
    }
}
