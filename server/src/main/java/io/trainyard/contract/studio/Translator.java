package io.trainyard.contract.studio;

import io.trainyard.admission.Wanted;
import io.trainyard.job.Identity;
import io.trainyard.spec.Artifacts;
import io.trainyard.spec.Container;
import io.trainyard.spec.Container.Variable;
import io.trainyard.spec.Dataset;
import io.trainyard.spec.JobSpec;
import io.trainyard.spec.JobSpec.Framework;
import io.trainyard.spec.Model;
import io.trainyard.spec.Placement;
import io.trainyard.spec.Policy;
import io.trainyard.spec.Resources;
import io.trainyard.spec.SecretRef;
import io.trainyard.spec.Settings;
import io.trainyard.wire.Json;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/** Turns a request of this contract into a job in our own words; pure. */
record Translator(Request request, StudioSettings settings, String id, String clusterName) {
    static final String CONTRACT = "studio";
    private static final String SIMULATED = "simulated";
    /** By it a name is found to be taken. */
    static final String NAME_LABEL = "trainyard/name";

    /** The contract has no word for machines, so the operator's settings say which one Vertex AI takes. */
    private static final String MACHINE = "trainyard.vertex/machine";

    private static final String CONFIGURED = "configured";
    private static final String JOB_LABEL = "trainyard/job-id";
    /** Elsewhere one GPU where there is one, and no claim to the rest. */
    private static final Resources ONE_GPU = new Resources(1, 1, Optional.empty(), 1, 1, Optional.empty());

    Wanted wanted(String project, Optional<String> idempotencyKey) {
        var secrets = new HashMap<SecretRef, String>();
        for (String variable : request.secrets)
            secrets.put(reference(variable), request.environment.getOrDefault(variable, ""));
        return new Wanted(
                new Identity(project, CONTRACT, "", Optional.of(id), 1),
                spec(),
                shown(),
                request.warnings(),
                secrets,
                canonical(),
                idempotencyKey);
    }

    private static SecretRef reference(String variable) {
        return new SecretRef("env." + variable);
    }

    private JobSpec spec() {
        var hints = new Hints(request.options);
        String dataset = request.options.get("dataset_file").orElseThrow().stringValue();
        return new JobSpec(
                request.target == Target.KUBERNETES ? clusterName : request.name.orElse(id),
                Framework.CUSTOM,
                new Model("huggingface", hints.model(), "main", Optional.empty(), Optional.empty()),
                List.of(new Dataset(dataset, format(dataset), Optional.empty(), false, Map.of())),
                hints.method(),
                hints.hyperparameters(),
                ONE_GPU,
                new Artifacts(
                        Optional.of(
                                request.options.get("output_dir").orElseThrow().stringValue()),
                        Optional.empty(),
                        Optional.empty(),
                        Artifacts.Checkpoints.DEFAULT),
                new Container(
                        Optional.empty(),
                        List.of(),
                        request.options.flags(settings.script().style()),
                        environment()),
                Map.of(JOB_LABEL, id, NAME_LABEL, clusterName),
                request.target == Target.VERTEX ? Map.of(MACHINE, CONFIGURED) : Map.of(),
                List.of(),
                new Placement(
                        List.of(settings.simulated() ? SIMULATED : request.target.word()),
                        false,
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        false,
                        Map.of()),
                Policy.DEFAULT,
                Settings.NONE);
    }

    private static String format(String dataset) {
        String lower = dataset.toLowerCase(Locale.ROOT);
        return lower.endsWith(".parquet") ? "parquet" : lower.endsWith(".csv") ? "csv" : "jsonl";
    }

    private List<Variable> environment() {
        var variables = new ArrayList<Variable>();
        request.environment.forEach((name, value) -> variables.add(
                request.secrets.contains(name)
                        ? new Variable.Secret(name, reference(name))
                        : new Variable.Plain(name, value)));
        return variables;
    }

    /** What answers show of the request, in their order; kept as text. */
    private String shown() {
        ObjectNode shown = Json.MAPPER.createObjectNode().put("name", request.name.orElse(id));
        shown.put("backend", request.target.word());
        if (request.target == Target.KUBERNETES) shown.put("externalId", clusterName);
        else shown.putNull("externalId");
        shown.put("command", command());
        ObjectNode options = shown.putObject("args");
        request.options.values().forEach(options::set);
        shown.put("outputDir", request.outputDir).put("datasetFile", request.datasetFile);
        return Json.text(shown, Json.Style.WHOLE);
    }

    private String command() {
        return switch (request.target) {
            case KUBERNETES, VERTEX -> request.target.word();
            case LOCAL ->
                settings.script().command() + " "
                        + String.join(
                                " ", request.options.flags(settings.script().style()));
        };
    }

    private byte[] canonical() {
        var bytes = new ByteArrayOutputStream(1024);
        bytes.writeBytes(request.target.word().getBytes(StandardCharsets.UTF_8));
        bytes.writeBytes(Json.bytes(request.body, Json.Style.CANONICAL));
        return bytes.toByteArray();
    }
}
