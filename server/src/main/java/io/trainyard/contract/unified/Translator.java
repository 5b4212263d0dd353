package io.trainyard.contract.unified;

import io.trainyard.admission.Wanted;
import io.trainyard.job.Identity;
import io.trainyard.secrets.Mask;
import io.trainyard.spec.Artifacts;
import io.trainyard.spec.Artifacts.Checkpoints;
import io.trainyard.spec.Container;
import io.trainyard.spec.Dataset;
import io.trainyard.spec.JobSpec;
import io.trainyard.spec.JobSpec.Framework;
import io.trainyard.spec.Model;
import io.trainyard.spec.Placement;
import io.trainyard.spec.Policy;
import io.trainyard.spec.Resources;
import io.trainyard.spec.SecretRef;
import io.trainyard.wire.Json;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/** Turns a request of this contract into a job in our own words; pure. */
final class Translator {
    static final String CONTRACT = "unified";
    private static final String LABEL_PREFIX = "trainer.deepfinery/";
    /** Shorter secrets are not looked for in free text, where they would be found by chance. */
    private static final int MIN_TEXT_SECRET_CHARACTERS = 8;

    private final Request request;
    private final ObjectNode body;
    private final String prefix;
    private final List<String> warnings;
    private final Mask mask;
    private final Map<SecretRef, String> secrets = new HashMap<>();

    private Translator(Request request) {
        this.request = request;
        body = request.body();
        prefix = request.text("checkpoint_base_uri") + "/" + request.runId() + "/framework=" + request.framework();
        warnings = new ArrayList<>(request.warnings());
        mask = Mask.of(request.secrets().values().stream()
                .filter(value -> value.length() >= MIN_TEXT_SECRET_CHARACTERS)
                .toList());
        request.secrets().forEach((name, value) -> secrets.put(new SecretRef(name), value));
    }

    /** @param name the job's own among all of this contract's, the path parameter */
    static Wanted wanted(Request request, String name, String project, Optional<String> idempotencyKey) {
        return new Translator(request).wanted(name, project, idempotencyKey);
    }

    private Wanted wanted(String name, String project, Optional<String> idempotencyKey) {
        var environment = new Environment(request, prefix, mask, secrets, warnings);
        JobSpec spec = spec(name, environment);
        return new Wanted(
                new Identity(project, CONTRACT, "", Optional.of(name), 1),
                spec,
                new Answers.RunOf(request.framework(), request.runId()).text(),
                warnings,
                secrets,
                Json.bytes(body, Json.Style.CANONICAL),
                idempotencyKey,
                true);
    }

    private JobSpec spec(String name, Environment environment) {
        var knobs = new Knobs(request, warnings);
        return new JobSpec(
                name,
                switch (request.framework()) {
                    case "nemo" -> Framework.NEMO;
                    case "meta" -> Framework.META;
                    default -> Framework.HF;
                },
                new Model(
                        "huggingface", request.text("model_id"), knobs.revision(), Optional.empty(), Optional.empty()),
                List.of(new Dataset(request.text("dataset_uri"), "jsonl", Optional.empty(), false, Map.of())),
                knobs.method(),
                knobs.hyperparameters(),
                resources(),
                new Artifacts(
                        Optional.of(prefix + "/checkpoints/full-run"),
                        Optional.of(prefix + "/logs"),
                        Optional.empty(),
                        new Checkpoints(
                                Optional.of(prefix + "/checkpoints"),
                                knobs.checkpointEverySteps(),
                                Checkpoints.DEFAULT.keep(),
                                body.get("resume_from_checkpoint").booleanValue())),
                new Container(
                        Optional.of(request.text("image")),
                        List.of(),
                        environment.arguments(),
                        List.copyOf(environment.variables())),
                labels(),
                annotations(),
                List.of(),
                new Placement(
                        List.of(),
                        false,
                        request.some("namespace"),
                        Optional.empty(),
                        Optional.empty(),
                        false,
                        Map.of()),
                Policy.DEFAULT,
                knobs.rest());
    }

    private Resources resources() {
        int gpus = body.get("gpus_per_node").intValue();
        return new Resources(
                body.get("num_nodes").intValue(),
                gpus,
                Optional.empty(),
                body.get("cpus_per_node").intValue(),
                body.get("memory_per_node_gb").intValue(),
                Optional.of(gpus));
    }

    private Map<String, String> labels() {
        var labels = new LinkedHashMap<String, String>();
        for (var entry : body.get("labels").properties())
            labels.put(entry.getKey(), entry.getValue().stringValue());
        labels.putIfAbsent(LABEL_PREFIX + "framework", request.framework());
        labels.putIfAbsent(LABEL_PREFIX + "run-id", request.runId());
        return labels;
    }

    private Map<String, String> annotations() {
        var annotations = new LinkedHashMap<String, String>();
        for (var entry : body.get("annotations").properties()) {
            String value = entry.getValue().stringValue();
            String shown = request.hidden().containsKey(entry.getValue()) ? Mask.STARS : mask.apply(value);
            if (!shown.equals(value))
                warnings.add("annotations." + entry.getKey() + ": holds a secret, which everybody could read; masked");
            annotations.put(entry.getKey(), shown);
        }
        return annotations;
    }
}
