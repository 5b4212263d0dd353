package io.trainyard.contract.trainer;

import static io.trainyard.wire.Fields.optional;
import static io.trainyard.wire.Fields.required;
import static io.trainyard.wire.Fields.standard;

import io.trainyard.wire.Fields.Choice;
import io.trainyard.wire.Fields.Decimal;
import io.trainyard.wire.Fields.Field;
import io.trainyard.wire.Fields.Flag;
import io.trainyard.wire.Fields.Free;
import io.trainyard.wire.Fields.Kind;
import io.trainyard.wire.Fields.Many;
import io.trainyard.wire.Fields.Need;
import io.trainyard.wire.Fields.One;
import io.trainyard.wire.Fields.Shape;
import io.trainyard.wire.Fields.Text;
import io.trainyard.wire.Fields.Url;
import io.trainyard.wire.Fields.Whole;
import java.util.List;
import tools.jackson.databind.node.JsonNodeFactory;

/** The request as one table: names, types, defaults and limits in their published order. */
final class Tables {
    private Tables() {}

    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
    private static final Kind TEXT = new Text(0);
    private static final Kind TEXTS = new Many(TEXT);
    private static final Kind AT_LEAST_1 = new Whole(1);
    private static final Kind SHARE = new Decimal(0, false, 1);
    static final List<String> PROVIDERS =
            List.of("nemo", "meta", "huggingface", "bim", "custom", "nemotron", "mistral", "tii");

    private static final Shape AUTH = Shape.of(
            optional("token", TEXT).hidden(),
            optional("username", TEXT).hidden(),
            optional("password", TEXT).hidden(),
            optional("role_arn", TEXT).hidden(),
            optional("aws_access_key_id", TEXT).hidden(),
            optional("aws_secret_access_key", TEXT).hidden(),
            optional("aws_session_token", TEXT).hidden(),
            optional("aws_region", TEXT).hidden());
    private static final Shape BASE_MODEL = Shape.of(
            required("provider", new Choice(PROVIDERS)),
            required("model_name", TEXT),
            new Field("revision", TEXT, Need.OPTIONAL, JSON.stringNode("main"), false),
            optional("weights_url", new Url(List.of("http", "https", "s3", "gs"))),
            optional("auth_token", TEXT).hidden(),
            optional("huggingface_token", TEXT).hidden());
    private static final Shape DATASET = Shape.of(
            required("source", TEXT),
            required("format", new Choice(List.of("jsonl", "parquet", "csv", "hf", "nemo"))),
            optional("split", TEXT),
            optional("auth", new One(AUTH)),
            standard("streaming", new Flag(), JSON.booleanNode(false)));
    static final Shape LORA = Shape.of(
            standard("rank", AT_LEAST_1, JSON.numberNode(16)),
            standard("target_modules", TEXTS, JSON.arrayNode()),
            standard("alpha", AT_LEAST_1, JSON.numberNode(32)),
            standard("dropout", SHARE, JSON.numberNode(0.05)));
    static final Shape QLORA = Shape.of(
            standard("use_double_quant", new Flag(), JSON.booleanNode(true)),
            standard("bnb_4bit_compute_dtype", new Choice(List.of("float16", "bfloat16")), JSON.stringNode("bfloat16")),
            standard("bnb_4bit_quant_type", new Choice(List.of("nf4", "fp4")), JSON.stringNode("nf4")));
    private static final Shape PEFT = Shape.of(
            standard("use", new Flag(), JSON.booleanNode(false)), standard("config", new Free(), JSON.objectNode()));
    private static final Shape CUSTOMIZATION = Shape.of(
            standard(
                    "method", new Choice(List.of("full", "lora", "qlora", "peft", "adapter")), JSON.stringNode("lora")),
            standard("trainable_layers", TEXTS, JSON.arrayNode()),
            standard("precision", new Choice(List.of("fp32", "fp16", "bf16", "int8")), JSON.stringNode("bf16")),
            standard("gradient_checkpointing", new Flag(), JSON.booleanNode(true)),
            optional("lora", new One(LORA)),
            optional("qlora", new One(QLORA)),
            optional("peft", new One(PEFT)),
            // The studio writes the values of the lora block here.
            optional("rank", AT_LEAST_1),
            optional("lora_alpha", AT_LEAST_1),
            optional("lora_dropout", SHARE),
            optional("target_modules", TEXTS));
    private static final Shape RESOURCES = Shape.of(
            standard("gpus", new Whole(0), JSON.numberNode(1)),
            optional("gpu_type", TEXT),
            standard("cpus", AT_LEAST_1, JSON.numberNode(8)),
            standard("memory_gb", AT_LEAST_1, JSON.numberNode(64)),
            standard("max_duration_minutes", AT_LEAST_1, JSON.numberNode(480)));
    private static final Shape ARTIFACTS = Shape.of(
            required("log_uri", TEXT),
            required("output_uri", TEXT),
            optional("status_stream_url", TEXT),
            optional("auth", new One(AUTH)));
    private static final Shape TUNING = Shape.of(
            standard("learning_rate", new Decimal(0, true, Double.MAX_VALUE), JSON.numberNode(5e-5)),
            standard("batch_size", AT_LEAST_1, JSON.numberNode(32)),
            optional("micro_batch_size", AT_LEAST_1),
            standard("num_epochs", AT_LEAST_1, JSON.numberNode(3)),
            standard("warmup_ratio", SHARE, JSON.numberNode(0.1)),
            standard("max_sequence_length", AT_LEAST_1, JSON.numberNode(2048)),
            standard("weight_decay", new Decimal(0, false, Double.MAX_VALUE), JSON.numberNode(0.01)));
    private static final Shape CALLBACKS = Shape.of(
            optional("webhook_url", new Url(List.of("http", "https"))),
            optional("auth_header", TEXT).hidden(),
            standard(
                    "event_filter",
                    new Many(new Choice(List.of("submitted", "running", "failed", "succeeded", "cancelled"))),
                    JSON.arrayNode().add("submitted").add("failed").add("succeeded")));

    static final Shape REQUEST = Shape.of(
            required("job_id", new Text(1)),
            required("base_model", new One(BASE_MODEL)),
            required("datasets", new Many(new One(DATASET))),
            required("customization", new One(CUSTOMIZATION)),
            required("resources", new One(RESOURCES)),
            required("artifacts", new One(ARTIFACTS)),
            new Field("tuning_parameters", new One(TUNING), Need.EXPECTED, JSON.nullNode(), false),
            optional("callbacks", new One(CALLBACKS)),
            standard("extra_parameters", new Free(), JSON.objectNode()).hidden());

    /** {@code extra_parameters.unsloth} */
    static final Shape UNSLOTH = Shape.of(
            standard("optimize_long_context", new Flag(), JSON.booleanNode(true)),
            standard("quantization", TEXT, JSON.stringNode("bnb-nf4")),
            standard("gradient_accumulation", AT_LEAST_1, JSON.numberNode(4)));
    /** {@code extra_parameters.runtime_ref} */
    static final Shape RUNTIME =
            Shape.of(optional("name", new Text(1)), optional("kind", new Text(1)), optional("apiGroup", new Text(1)));
    /** The knobs of {@code extra_parameters.trainer} that have a place of their own in a job. */
    static final Shape TRAINER = Shape.of(
            optional("seed", new Whole(0)),
            optional("max_steps", AT_LEAST_1),
            optional("checkpoint_every_steps", AT_LEAST_1));
}
