package io.trainyard.contract.vision;

import io.trainyard.spec.Container;
import io.trainyard.spec.Container.Variable;
import io.trainyard.spec.Container.Variable.FromCluster;
import io.trainyard.spec.SecretRef;
import io.trainyard.wire.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/** What is started for a request of this contract, on a cluster and on this machine. */
record Containers(Request request, String id, VisionSettings settings) {
    private static final String INTERNAL_AUTH_TOKEN = "INTERNAL_AUTH_TOKEN";
    static final SecretRef INTERNAL_AUTH = new SecretRef("env." + INTERNAL_AUTH_TOKEN);
    private static final Variable ADDRESS_OF_THE_CLUSTER =
            new FromCluster("BACKEND_API_URL", FromCluster.Kind.CONFIG_MAP, "backend-config", "api-url");
    private static final List<Variable> BUCKET_OF_THE_CLUSTER = List.of(
            fromSecret("AWS_S3_ENDPOINT_URL", "endpoint"),
            fromSecret("AWS_ACCESS_KEY_ID", "access-key"),
            fromSecret("AWS_SECRET_ACCESS_KEY", "secret-key"));

    private static Variable fromSecret(String name, String key) {
        return new FromCluster(name, FromCluster.Kind.SECRET, "r2-credentials", key);
    }

    /** A trainer image, which reads the published flags. */
    Container image() {
        var cluster = settings.cluster();
        String image =
                "%s/trainer-%s:%s".formatted(cluster.registry(), request.text("framework"), cluster.imageVersion());
        var environment = new ArrayList<>(callbacks());
        if (environment.isEmpty()) environment.add(ADDRESS_OF_THE_CLUSTER);
        environment.addAll(BUCKET_OF_THE_CLUSTER);
        environment.addAll(token());
        return new Container(
                Optional.of(image), List.of("python", "train.py"), arguments("/workspace/output"), environment);
    }

    /** The operator's script, which reads the published flags too, or our trainer, which knows the job without them. */
    Container process() {
        if (!settings.process().script()) return Container.NONE;
        var environment = new ArrayList<>(callbacks());
        environment.addAll(token());
        return new Container(Optional.empty(), List.of(), arguments("output"), environment);
    }

    /**
     * One word each, never a shell line: JSON stands in it as it is.
     *
     * @param output where requests that do not say it leave what they make
     */
    private List<String> arguments(String output) {
        var words = new ArrayList<String>();
        for (String field : List.of(
                "framework",
                "task_type",
                "model_name",
                "dataset_path",
                "dataset_format",
                "epochs",
                "batch_size",
                "learning_rate",
                "optimizer")) flag(words, field);
        words.add("--output_dir=" + request.some("output_dir").orElse(output));
        words.add("--job_id=" + id);
        for (String field : List.of("num_classes", "project_id", "image_size", "device", "checkpoint_path"))
            flag(words, field);
        if (request.flag("pretrained")) words.add("--pretrained");
        if (request.flag("resume")) words.add("--resume");
        JsonNode advanced = request.body().path("advanced_config");
        if (!advanced.isEmpty()) words.add("--advanced_config=" + Json.text(advanced, Json.Style.WHOLE));
        settings.address()
                .get()
                .ifPresent(address ->
                        words.add("--callback_url=" + address + VisionContract.PREFIX + "/internal/training/" + id));
        return words;
    }

    private void flag(List<String> words, String field) {
        JsonNode value = request.body().path(field);
        String text = value.isString() ? value.stringValue() : value.isNumber() ? value.toString() : "";
        if (!text.isEmpty()) words.add("--" + field + "=" + text);
    }

    private List<Variable> token() {
        return settings.internalToken().isPresent()
                ? List.of(new Variable.Secret(INTERNAL_AUTH_TOKEN, INTERNAL_AUTH))
                : List.of();
    }

    private List<Variable> callbacks() {
        return settings.address()
                .get()
                .<List<Variable>>map(address ->
                        List.of(new Variable.Plain("BACKEND_API_URL", address + VisionContract.PREFIX + "/api/v1")))
                .orElse(List.of());
    }
}
