package io.trainyard.contract.trainer;

import io.trainyard.spec.Container.Variable;
import io.trainyard.spec.JobSpec;
import io.trainyard.spec.Placement.TrainingRuntime;
import io.trainyard.wire.Json;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.core.JsonGenerator;
import tools.jackson.databind.JsonNode;

/**
 * The TrainJob as the contract shows it in its answers: what is secret stands as a reference. Most of it stands in the
 * job's spec; what is only shown is kept as the job's request, as small JSON, for the spec is long enough to store once.
 */
final class TrainJob {
    private TrainJob() {}

    /**
     * What answers show and the spec does not say.
     *
     * @param command with the service's own where the caller has none
     * @param callbacks as given, masked
     */
    record Shown(
            String apiVersion,
            List<String> command,
            List<String> arguments,
            JsonNode resourcesPerNode,
            Optional<String> datasetUri,
            Optional<String> modelUri,
            JsonNode callbacks,
            Json.Style callbackStyle) {

        String json() {
            var bytes = new ByteArrayOutputStream(512);
            try (JsonGenerator out = Json.MAPPER.createGenerator(bytes)) {
                out.writeStartObject();
                out.writeStringProperty("apiVersion", apiVersion);
                writeWords(out, "command", command);
                writeWords(out, "args", arguments);
                out.writeName("resourcesPerNode");
                Json.write(out, resourcesPerNode, Json.Style.WHOLE);
                writeInitializer(out);
                out.writeName("callbacks");
                Json.write(out, callbacks, callbackStyle);
                out.writeEndObject();
            }
            return bytes.toString(StandardCharsets.UTF_8);
        }

        private void writeInitializer(JsonGenerator out) {
            if (datasetUri.isEmpty() && modelUri.isEmpty()) return;
            out.writeObjectPropertyStart("initializer");
            datasetUri.ifPresent(uri -> writeStorage(out, "dataset", uri));
            modelUri.ifPresent(uri -> writeStorage(out, "model", uri));
            out.writeEndObject();
        }

        private static void writeStorage(JsonGenerator out, String name, String uri) {
            out.writeObjectPropertyStart(name);
            out.writeStringProperty("storageUri", uri);
            out.writeEndObject();
        }

        private static void writeWords(JsonGenerator out, String name, List<String> words) {
            if (words.isEmpty()) return;
            out.writeArrayPropertyStart(name);
            for (String word : words) out.writeString(word);
            out.writeEndArray();
        }
    }

    /** @param shown what {@link Shown#json} wrote */
    static void write(JsonGenerator out, JobSpec spec, String name, JsonNode shown) {
        out.writeStartObject();
        copy(out, shown, "apiVersion");
        out.writeStringProperty("kind", "TrainJob");
        out.writeObjectPropertyStart("metadata");
        out.writeStringProperty("name", name);
        writeMap(out, "labels", spec.labels());
        writeMap(out, "annotations", spec.annotations());
        out.writeEndObject();
        out.writeObjectPropertyStart("spec");
        TrainingRuntime runtime = spec.placement().runtime().orElseThrow();
        out.writeObjectPropertyStart("runtimeRef");
        out.writeStringProperty("name", runtime.name());
        out.writeStringProperty("kind", runtime.kind());
        out.writeStringProperty("apiGroup", runtime.apiGroup());
        out.writeEndObject();
        writeTrainer(out, spec, shown);
        writeMap(out, "labels", spec.labels());
        copy(out, shown, "initializer");
        out.writeEndObject();
        out.writeEndObject();
    }

    private static void writeTrainer(JsonGenerator out, JobSpec spec, JsonNode shown) {
        out.writeObjectPropertyStart("trainer");
        out.writeName("image");
        // Absent shows as null: the caller said so.
        Optional<String> image = spec.container().image();
        if (image.isPresent()) out.writeString(image.get());
        else out.writeNull();
        copy(out, shown, "command");
        copy(out, shown, "args");
        copy(out, shown, "resourcesPerNode");
        out.writeNumberProperty("numNodes", spec.resources().nodes());
        out.writeNumberProperty("numProcPerNode", spec.resources().processesPerNode());
        out.writeArrayPropertyStart("env");
        for (Variable variable : spec.container().environment()) writeVariable(out, variable);
        out.writeEndArray();
        out.writeEndObject();
    }

    private static void writeVariable(JsonGenerator out, Variable variable) {
        out.writeStartObject();
        out.writeStringProperty("name", variable.name());
        switch (variable) {
            case Variable.Plain plain -> out.writeStringProperty("value", plain.value());
            case Variable.Secret secret -> {
                out.writeObjectPropertyStart("value");
                out.writeStringProperty("secret", secret.secret().name());
                out.writeEndObject();
            }
            case Variable.FromCluster _ -> throw new IllegalStateException("not of this contract: " + variable);
        }
        out.writeEndObject();
    }

    private static void copy(JsonGenerator out, JsonNode shown, String name) {
        JsonNode value = shown.get(name);
        if (value == null) return;
        out.writeName(name);
        Json.write(out, value, Json.Style.WHOLE);
    }

    private static void writeMap(JsonGenerator out, String name, Map<String, String> map) {
        out.writeObjectPropertyStart(name);
        map.forEach(out::writeStringProperty);
        out.writeEndObject();
    }
}
