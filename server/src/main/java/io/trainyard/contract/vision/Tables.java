package io.trainyard.contract.vision;

import static io.trainyard.wire.Fields.optional;
import static io.trainyard.wire.Fields.required;
import static io.trainyard.wire.Fields.standard;

import io.trainyard.wire.Fields.Choice;
import io.trainyard.wire.Fields.Decimal;
import io.trainyard.wire.Fields.Field;
import io.trainyard.wire.Fields.Flag;
import io.trainyard.wire.Fields.Free;
import io.trainyard.wire.Fields.Kind;
import io.trainyard.wire.Fields.One;
import io.trainyard.wire.Fields.Shape;
import io.trainyard.wire.Fields.Text;
import io.trainyard.wire.Fields.Whole;
import java.util.List;
import tools.jackson.databind.node.JsonNodeFactory;

/** The bodies as tables: names, types, defaults and limits in their published order. */
final class Tables {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
    private static final Kind SOME_TEXT = new Text(1);
    private static final Kind TEXT = new Text(0);
    private static final Kind COUNT = new Whole(0);
    private static final Kind NUMBER = new Decimal(-Double.MAX_VALUE, false, Double.MAX_VALUE);
    private static final int MAX_PIXELS = 1 << 16;
    private static final int MAX_GPUS = 1024;
    private static final int MAX_CPUS = 10_000;

    static final List<String> FRAMEWORKS = List.of("ultralytics", "timm", "transformers");

    /** The published six, and those of a text trainer. */
    private static final List<String> FORMATS =
            List.of("imagefolder", "coco", "yolo", "voc", "custom", "dice", "jsonl", "parquet", "csv", "hf");

    private Tables() {}

    static final Shape RESOURCES = Shape.of(
            standard("gpu", new Whole(0, MAX_GPUS), JSON.numberNode(1)),
            standard("memory", SOME_TEXT, JSON.stringNode("16Gi")),
            standard("cpu", new Whole(1, MAX_CPUS), JSON.numberNode(4)),
            standard("memory_request", SOME_TEXT, JSON.stringNode("8Gi")),
            standard("cpu_request", new Whole(1, MAX_CPUS), JSON.numberNode(2)));

    /** Of the platform: an id may be left to us. */
    static final Shape CREATE = Shape.of(
            optional("job_id", SOME_TEXT),
            framework(),
            required("task_type", SOME_TEXT),
            required("model_name", SOME_TEXT),
            required("dataset_path", SOME_TEXT),
            required("dataset_format", new Choice(FORMATS)),
            epochs(),
            batchSize(),
            learningRate(),
            optimizer(),
            optional("num_classes", new Whole(2)),
            optional("project_id", TEXT),
            optional("image_size", new Whole(1, MAX_PIXELS)),
            standard("pretrained", new Flag(), JSON.booleanNode(true)),
            optional("advanced_config", new Free()).hidden(),
            optional("resources", new One(RESOURCES)),
            optional("executor", new Choice(Executor.WORDS)),
            optional("output_dir", TEXT),
            optional("device", TEXT),
            optional("checkpoint_path", TEXT),
            standard("resume", new Flag(), JSON.booleanNode(false)));

    /** Of the Training Service. */
    static final Shape SERVICE = Shape.of(
            required("job_id", SOME_TEXT),
            framework(),
            required("task_type", SOME_TEXT),
            required("model_name", SOME_TEXT),
            required("dataset_path", SOME_TEXT),
            required("dataset_format", new Choice(FORMATS)),
            epochs(),
            batchSize(),
            learningRate(),
            optimizer(),
            // Required, and null where a task has none: looked at by itself.
            optional("num_classes", new Whole(1)),
            optional("project_id", TEXT),
            optional("image_size", new Whole(1, MAX_PIXELS)),
            standard("pretrained", new Flag(), JSON.booleanNode(true)),
            optional("advanced_config", new Free()).hidden(),
            optional("executor", new Choice(Executor.WORDS)),
            required("output_dir", SOME_TEXT),
            optional("device", TEXT),
            optional("checkpoint_path", TEXT),
            standard("resume", new Flag(), JSON.booleanNode(false)));

    /** How a pending job may be started otherwise than it was created. */
    static final Shape START = Shape.of(
            optional("executor", new Choice(Executor.WORDS)),
            optional("checkpoint_path", TEXT),
            optional("resume", new Flag()));

    static final Shape VALIDATE = Shape.of(
            optional("framework", new Choice(FRAMEWORKS)),
            optional("task_type", TEXT),
            required("config", new Free()).hidden());

    static final Shape STATUS = Shape.of(
            required("status", SOME_TEXT),
            optional("error", TEXT),
            optional("progress", NUMBER),
            optional("updated_at", TEXT),
            optional("mlflow_experiment_id", TEXT),
            optional("mlflow_run_id", TEXT));

    static final Shape METRIC = Shape.of(
            required("name", SOME_TEXT),
            required("value", NUMBER),
            optional("epoch", COUNT),
            optional("step", COUNT),
            optional("metadata", new Free()),
            optional("timestamp", TEXT));

    static final Shape LOG = Shape.of(
            required("message", TEXT),
            standard("level", TEXT, JSON.stringNode("INFO")),
            optional("epoch", COUNT),
            optional("timestamp", TEXT));

    static final Shape TRAINING_METRICS = Shape.of(
            optional("epoch", COUNT),
            optional("step", COUNT),
            optional("loss", NUMBER),
            optional("accuracy", NUMBER),
            optional("learning_rate", NUMBER),
            optional("checkpoint_path", TEXT),
            optional("extra_metrics", new Free()));

    private static Field framework() {
        return required("framework", new Choice(FRAMEWORKS));
    }

    private static Field epochs() {
        return required("epochs", new Whole(1, 1000));
    }

    private static Field batchSize() {
        return required("batch_size", new Whole(1, 512));
    }

    /** Below 1: looked at by itself. */
    private static Field learningRate() {
        return required("learning_rate", new Decimal(0, true, Double.MAX_VALUE));
    }

    private static Field optimizer() {
        return standard("optimizer", new Choice(List.of("adam", "adamw", "sgd")), JSON.stringNode("adam"));
    }
}
