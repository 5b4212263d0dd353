package io.trainyard.cli.submit;

import io.trainyard.cli.api.Json;
import io.trainyard.cli.session.Usage;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** The options that say something about the job; each is laid over what the file says. */
final class Overrides {
    @Option(names = "--name", paramLabel = "NAME", description = "Name of the job.")
    private @Nullable String name;

    @Option(
            names = "--framework",
            paramLabel = "NAME",
            description = "hf, unsloth, nemo, meta, ultralytics, timm or custom.")
    private @Nullable String framework;

    @Option(names = "--model", paramLabel = "NAME", description = "Model to start from: a name on a hub or a path.")
    private @Nullable String model;

    @Option(
            names = "--dataset",
            paramLabel = "SOURCE",
            description = "Dataset to train on; may be repeated and replaces those of the file.")
    private @Nullable List<String> datasets;

    @Option(names = "--method", paramLabel = "KIND", description = "full, lora, qlora, peft or adapter.")
    private @Nullable String method;

    @Option(names = "--epochs", paramLabel = "N", description = "Passes over the data.")
    private @Nullable Integer epochs;

    @Option(names = "--max-steps", paramLabel = "N", description = "Stop after so many optimizer steps.")
    private @Nullable Integer maxSteps;

    @Option(names = "--learning-rate", paramLabel = "RATE", description = "Learning rate, such as 5e-5.")
    private @Nullable Double learningRate;

    @Option(names = "--batch-size", paramLabel = "N", description = "Examples in one optimizer step.")
    private @Nullable Integer batchSize;

    @Option(names = "--gpus", paramLabel = "N", description = "GPUs.")
    private @Nullable Integer gpus;

    @Option(names = "--cpus", paramLabel = "N", description = "CPUs.")
    private @Nullable Integer cpus;

    @Option(names = "--memory-gib", paramLabel = "N", description = "Memory in GiB.")
    private @Nullable Integer memoryGib;

    @Option(names = "--output", paramLabel = "URI", description = "Where the result goes.")
    private @Nullable String output;

    @Option(names = "--label", paramLabel = "K=V", description = "Label; may be repeated.")
    private Map<String, String> labels = new LinkedHashMap<>();

    @Option(names = "--env", paramLabel = "K=V", description = "Environment variable of the job; may be repeated.")
    private Map<String, String> variables = new LinkedHashMap<>();

    @Option(
            names = "--secret",
            paramLabel = "K=VARIABLE",
            description = "Secret environment variable K of the job. Its value is read from our own environment"
                    + " variable of the second name, since others could read it in the list of processes.")
    private Map<String, String> secrets = new LinkedHashMap<>();

    @Option(names = "--backend", paramLabel = "NAME", description = "Where to run it; may be repeated, best first.")
    private @Nullable List<String> backends;

    @Option(names = "--priority", paramLabel = "N", description = "Higher goes first; otherwise 0.")
    private @Nullable Integer priority;

    @Option(names = "--max-duration", paramLabel = "MINUTES", description = "Longest time it may run.")
    private @Nullable Integer maxDuration;

    @Option(
            names = "--extra",
            paramLabel = "K=JSON",
            description = "Knob of the framework, as JSON or a plain word; may be repeated.")
    private Map<String, String> extras = new LinkedHashMap<>();

    boolean none() {
        ObjectNode nothing = Json.object();
        layOver(nothing, List.of(), Map.of());
        return nothing.isEmpty() && secrets.isEmpty();
    }

    /**
     * @param command the words after {@code --}, empty when there were none
     * @param environment where the values of secrets are read
     */
    void layOver(ObjectNode job, List<String> command, Map<String, String> environment) {
        if (name != null) job.put("name", name);
        boolean bare = !command.isEmpty() && !job.has("framework") && !job.has("model") && model == null;
        if (framework != null) job.put("framework", framework);
        else if (bare) job.put("framework", "custom");
        if (model != null) Json.within(job, "model").put("name", model);
        if (datasets != null) {
            var list = job.putArray("datasets");
            for (String source : datasets) list.addObject().put("source", source);
        }
        if (method != null) Json.within(job, "method").put("kind", method);
        hyperparameters(job);
        resources(job);
        if (output != null) Json.within(job, "outputs").put("uri", output);
        labels.forEach((key, value) -> Json.within(job, "labels").put(key, value));
        container(job, command, environment);
        if (backends != null) {
            var list = Json.within(job, "placement").putArray("backends");
            backends.forEach(list::add);
        }
        if (priority != null) Json.within(job, "policy").put("priority", priority);
        if (maxDuration != null) Json.within(job, "policy").put("max_duration_minutes", maxDuration);
        extras.forEach((key, value) -> Json.within(job, "extra").set(key, json(key, value)));
    }

    private void hyperparameters(ObjectNode job) {
        if (epochs != null) Json.within(job, "hyperparameters").put("epochs", epochs);
        if (maxSteps != null) Json.within(job, "hyperparameters").put("max_steps", maxSteps);
        if (learningRate != null) Json.within(job, "hyperparameters").put("learning_rate", learningRate);
        if (batchSize != null) Json.within(job, "hyperparameters").put("batch_size", batchSize);
    }

    private void resources(ObjectNode job) {
        if (gpus != null) Json.within(job, "resources").put("gpus", gpus);
        if (cpus != null) Json.within(job, "resources").put("cpus", cpus);
        if (memoryGib != null) Json.within(job, "resources").put("memory_gib", memoryGib);
    }

    private void container(ObjectNode job, List<String> command, Map<String, String> environment) {
        if (variables.isEmpty() && secrets.isEmpty() && command.isEmpty()) return;
        ObjectNode container = Json.within(job, "container");
        variables.forEach((key, value) -> Json.within(container, "environment").put(key, value));
        if (!environment.isEmpty()) {
            secrets.forEach((key, variable) -> Json.within(Json.within(container, "environment"), key)
                    .put("secret", value(key, variable, environment)));
        }
        if (command.isEmpty()) return;
        var list = container.putArray("command");
        command.forEach(list::add);
    }

    private static String value(String key, String variable, Map<String, String> environment) {
        return Optional.ofNullable(environment.get(variable))
                .filter(value -> !value.isEmpty())
                .orElseThrow(() -> new Usage("--secret " + key + "=" + variable + ": the environment variable "
                        + variable + " is not set. It holds the value, so that the value is not on the command line."));
    }

    /** A plain word need not be quoted, but what begins like a list or an object has to be one. */
    private static JsonNode json(String key, String text) {
        try {
            return Json.read(text);
        } catch (JacksonException broken) {
            if (text.startsWith("{") || text.startsWith("[") || text.startsWith("\""))
                throw new Usage("--extra " + key + ": this is not JSON: " + text);
            return Json.text(text);
        }
    }
}
