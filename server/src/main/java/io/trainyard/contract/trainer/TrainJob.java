package io.trainyard.contract.trainer;

import io.trainyard.spec.Container.Variable;
import io.trainyard.spec.Placement.TrainingRuntime;
import io.trainyard.wire.Json;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.core.JsonGenerator;

/**
 * The TrainJob as the contract shows it in its answers: what is secret stands as a reference.
 *
 * @param command with the service's own where the caller has none
 * @param image absent shows as null: the caller said so
 */
record TrainJob(
        String apiVersion,
        String name,
        Map<String, String> labels,
        Map<String, String> annotations,
        TrainingRuntime runtime,
        Optional<String> image,
        List<String> command,
        List<String> arguments,
        Extras extras,
        Collection<Variable> environment,
        Optional<String> datasetUri,
        Optional<String> modelUri) {

    void write(JsonGenerator out) {
        out.writeStartObject();
        out.writeStringProperty("apiVersion", apiVersion);
        out.writeStringProperty("kind", "TrainJob");
        out.writeObjectPropertyStart("metadata");
        out.writeStringProperty("name", name);
        writeMap(out, "labels", labels);
        writeMap(out, "annotations", annotations);
        out.writeEndObject();
        out.writeObjectPropertyStart("spec");
        out.writeObjectPropertyStart("runtimeRef");
        out.writeStringProperty("name", runtime.name());
        out.writeStringProperty("kind", runtime.kind());
        out.writeStringProperty("apiGroup", runtime.apiGroup());
        out.writeEndObject();
        writeTrainer(out);
        writeMap(out, "labels", labels);
        writeInitializer(out);
        out.writeEndObject();
        out.writeEndObject();
    }

    private void writeTrainer(JsonGenerator out) {
        out.writeObjectPropertyStart("trainer");
        out.writeName("image");
        if (image.isPresent()) out.writeString(image.get());
        else out.writeNull();
        writeWords(out, "command", command);
        writeWords(out, "args", arguments);
        out.writeName("resourcesPerNode");
        Json.write(out, extras.perNode.shown(), Json.Style.WHOLE);
        out.writeNumberProperty("numNodes", extras.nodes);
        out.writeNumberProperty("numProcPerNode", extras.processes);
        out.writeArrayPropertyStart("env");
        for (Variable variable : environment) writeVariable(out, variable);
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
        }
        out.writeEndObject();
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

    private static void writeMap(JsonGenerator out, String name, Map<String, String> map) {
        out.writeObjectPropertyStart(name);
        map.forEach(out::writeStringProperty);
        out.writeEndObject();
    }
}
