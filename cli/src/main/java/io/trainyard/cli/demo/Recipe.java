package io.trainyard.cli.demo;

import io.trainyard.cli.api.Json;
import io.trainyard.cli.session.Usage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** The two runs of {@code examples/demo.json} as requests: one in our own words, one in those of hf-unsloth. */
record Recipe(Folder folder, JsonNode baseRun, JsonNode adapterRun) {
    /** What a run says in the same words as a job of our own API. */
    private static final List<String> SAME_WORDS = List.of("method", "hyperparameters", "extra");

    static Recipe read(Folder folder) {
        Path file = Path.of(folder.example("demo.json"));
        try {
            JsonNode recipe = Json.read(Files.readString(file));
            return new Recipe(folder, recipe.path("base"), recipe.path("adapter"));
        } catch (IOException | JacksonException unreadable) {
            throw new Usage("Cannot read the demo's recipe " + file + ": " + unreadable.getMessage());
        }
    }

    ObjectNode base() {
        ObjectNode job = Json.object().put("name", "demo-base").put("framework", "hf");
        job.putObject("model").put("name", folder.path("base-init"));
        dataset(job, "base.jsonl");
        for (String field : SAME_WORDS) {
            if (baseRun.path(field) instanceof ObjectNode given) job.set(field, given.deepCopy());
        }
        Json.within(job, "method").put("kind", "full");
        if (job.path("extra") instanceof ObjectNode extra) withWholePaths(extra);
        ObjectNode checkpoints =
                baseRun.path("checkpoints") instanceof ObjectNode given ? given.deepCopy() : Json.object();
        job.set("checkpoints", checkpoints.put("uri", folder.path("base-checkpoints")));
        job.putObject("resources").put("gpus", 0).put("cpus", 2).put("memory_gib", 4);
        job.putObject("outputs").put("uri", folder.path("base"));
        job.putObject("labels").put("demo", folder.runName());
        return job;
    }

    ObjectNode adapter() {
        ObjectNode request = Json.object().put("job_id", "demo-adapter-" + folder.runName());
        request.putObject("base_model").put("provider", "huggingface").put("model_name", folder.path("base"));
        dataset(request, "dispatch.jsonl");
        request.set("customization", customization());
        request.putObject("resources").put("gpus", 1).put("cpus", 2).put("memory_gb", 4);
        request.putObject("artifacts")
                .put("log_uri", folder.path("adapter-logs"))
                .put("output_uri", folder.path("adapter"));
        request.set("tuning_parameters", tuning());
        ObjectNode extra = request.putObject("extra_parameters");
        extra.set("trainer", knobs());
        extra.putObject("job_labels").put("demo", folder.runName());
        return request;
    }

    private ObjectNode customization() {
        JsonNode method = adapterRun.path("method");
        ObjectNode customization = Json.object().put("method", "lora");
        for (String field : List.of("precision", "gradient_checkpointing", "trainable_layers", "lora")) {
            method.optional(field).ifPresent(value -> customization.set(field, value));
        }
        return customization;
    }

    private ObjectNode tuning() {
        JsonNode given = adapterRun.path("hyperparameters");
        ObjectNode tuning = Json.object();
        for (String field : List.of(
                "learning_rate",
                "batch_size",
                "micro_batch_size",
                "warmup_ratio",
                "max_sequence_length",
                "weight_decay")) {
            given.optional(field).ifPresent(value -> tuning.set(field, value));
        }
        given.optional("epochs").ifPresent(epochs -> tuning.set("num_epochs", epochs));
        return tuning;
    }

    /** The contract has no words for these, so they go as knobs of the trainer. */
    private ObjectNode knobs() {
        ObjectNode knobs = adapterRun.path("extra") instanceof ObjectNode given ? given.deepCopy() : Json.object();
        withWholePaths(knobs);
        Json.whole(adapterRun.path("checkpoints"), "every_steps")
                .ifPresent(steps -> knobs.put("checkpoint_every_steps", steps));
        var numbers = adapterRun.path("hyperparameters");
        Json.whole(numbers, "max_steps").ifPresent(steps -> knobs.put("max_steps", steps));
        Json.whole(numbers, "seed").ifPresent(seed -> knobs.put("seed", seed));
        return knobs;
    }

    private void withWholePaths(ObjectNode extra) {
        String file = Json.text(extra, "eval_file");
        if (!file.isEmpty()) extra.put("eval_file", folder.example(file));
    }

    private void dataset(ObjectNode request, String example) {
        request.putArray("datasets")
                .addObject()
                .put("source", folder.example(example))
                .put("format", "jsonl");
    }
}
