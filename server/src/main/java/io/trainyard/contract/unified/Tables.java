package io.trainyard.contract.unified;

import static io.trainyard.wire.Fields.optional;
import static io.trainyard.wire.Fields.required;
import static io.trainyard.wire.Fields.standard;

import io.trainyard.wire.Fields.Choice;
import io.trainyard.wire.Fields.Field;
import io.trainyard.wire.Fields.Flag;
import io.trainyard.wire.Fields.Free;
import io.trainyard.wire.Fields.Kind;
import io.trainyard.wire.Fields.Named;
import io.trainyard.wire.Fields.Shape;
import io.trainyard.wire.Fields.Text;
import io.trainyard.wire.Fields.Whole;
import java.util.List;
import tools.jackson.databind.node.JsonNodeFactory;

/** The request as one table: names, types, defaults and limits in their published order. */
final class Tables {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
    /** The largest clusters there are; the first implementation took any number and asked the cluster for it. */
    private static final int MAX_NODES = 10_000;

    private static final int MAX_GPUS_PER_NODE = 1024;
    private static final int MAX_CPUS_PER_NODE = 10_000;
    private static final int MAX_MEMORY_PER_NODE_GB = 1 << 20;

    private static final Kind SOME_TEXT = new Text(1);

    private Tables() {}

    static final Shape REQUEST = Shape.of(
            required("framework", new Choice(List.of("nemo", "hf", "meta"))),
            required("model_id", SOME_TEXT),
            required("run_id", SOME_TEXT),
            required("checkpoint_base_uri", SOME_TEXT),
            required("dataset_uri", SOME_TEXT),
            standard("image", SOME_TEXT, JSON.stringNode("ghcr.io/deepfinery/trainer:latest")),
            count("num_nodes", 1, MAX_NODES),
            count("gpus_per_node", 1, MAX_GPUS_PER_NODE),
            count("cpus_per_node", 32, MAX_CPUS_PER_NODE),
            count("memory_per_node_gb", 256, MAX_MEMORY_PER_NODE_GB),
            optional("config_path", new Text(0)),
            optional("namespace", new Text(0)),
            optional("job_name", new Text(0)),
            standard("resume_from_checkpoint", new Flag(), JSON.booleanNode(false)),
            standard("extra_args", new Free(), JSON.objectNode()).hidden(),
            // Its values may be secrets: a wrong one is not repeated.
            standard("env", new Named(new Text(0)), JSON.objectNode()).hidden(),
            standard("labels", new Named(new Text(0)), JSON.objectNode()),
            standard("annotations", new Named(new Text(0)), JSON.objectNode()).hidden());

    private static Field count(String name, int standard, int most) {
        return standard(name, new Whole(1, most), JSON.numberNode(standard));
    }
}
