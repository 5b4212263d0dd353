package io.trainyard.contract.trainer;

import io.trainyard.admission.Wanted;
import io.trainyard.contract.trainer.Request.Reading;
import io.trainyard.wire.Details;
import io.trainyard.wire.Json;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.function.Consumer;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Request bodies to start from. */
final class TrainerBodies {
    private TrainerBodies() {}

    static ObjectNode smallest() {
        return (ObjectNode) Json.MAPPER.readTree("""
            {"job_id": "a", "base_model": {"provider": "huggingface", "model_name": "m"},
             "datasets": [{"source": "s3://b/d.jsonl", "format": "jsonl"}], "customization": {}, "resources": {},
             "artifacts": {"log_uri": "s3://b/l", "output_uri": "s3://b/o"}, "tuning_parameters": {}}
            """);
    }

    /** Every field of the table has a value here. */
    static ObjectNode fullest() {
        return (ObjectNode) Json.MAPPER.readTree("""
            {"job_id": "full-1",
             "base_model": {"provider": "huggingface", "model_name": "m", "revision": "v1",
               "weights_url": "s3://b/weights", "auth_token": "tok-auth-1", "huggingface_token": "tok-hugging-2"},
             "datasets": [{"source": "s3://b/d.jsonl", "format": "jsonl", "split": "train", "streaming": true,
               "auth": {"token": "tok-data-3", "username": "user-name-4", "password": "pass-word-5",
                 "role_arn": "arn:role-6", "aws_access_key_id": "AKIA-seven-7", "aws_secret_access_key": "aws-secret-8",
                 "aws_session_token": "aws-session-9", "aws_region": "moon-south-10"}}],
             "customization": {"method": "qlora", "trainable_layers": ["l1"], "precision": "fp16",
               "gradient_checkpointing": false,
               "lora": {"rank": 8, "target_modules": ["q"], "alpha": 16, "dropout": 0.1},
               "qlora": {"use_double_quant": false, "bnb_4bit_compute_dtype": "float16", "bnb_4bit_quant_type": "fp4"},
               "peft": {"use": true, "config": {"r": 4}},
               "rank": 8, "lora_alpha": 16, "lora_dropout": 0.1, "target_modules": ["q"]},
             "resources": {"gpus": 2, "gpu_type": "L4", "cpus": 4, "memory_gb": 16, "max_duration_minutes": 60},
             "artifacts": {"log_uri": "s3://b/l", "output_uri": "s3://b/o", "status_stream_url": "http://s/1",
               "auth": {"token": "tok-out-11", "username": "user-out-12", "password": "pass-out-13",
                 "role_arn": "arn:role-14", "aws_access_key_id": "AKIA-out-15", "aws_secret_access_key": "aws-out-16",
                 "aws_session_token": "aws-out-17", "aws_region": "moon-north-18"}},
             "tuning_parameters": {"learning_rate": 1e-4, "batch_size": 8, "micro_batch_size": 2, "num_epochs": 1,
               "warmup_ratio": 0.2, "max_sequence_length": 128, "weight_decay": 0.0},
             "callbacks": {"webhook_url": "http://studio:4000/hook", "auth_header": "Bearer callback-19",
               "event_filter": ["failed"]},
             "extra_parameters": {"container_image": "i:1", "num_nodes": 2, "num_proc_per_node": 1,
               "resources_per_node": {"requests": {"cpu": "2"}, "limits": {"memory": "8Gi", "nvidia.com/gpu": 1}},
               "runtime_ref": {"name": "r", "kind": "TrainingRuntime", "apiGroup": "g"},
               "trainer_command": ["python", "-m", "x"], "trainer_args": "--a 'b c'",
               "trainer_env": [{"name": "A", "value": 1}, {"name": "MY_API_KEY", "value": "key-value-20"}],
               "job_labels": {"team": "a"}, "job_annotations": {"note": "any text"},
               "unsloth": {"optimize_long_context": false, "quantization": "none", "gradient_accumulation": 2},
               "trainer": {"seed": 1, "max_steps": 5, "checkpoint_every_steps": 2, "logging_steps": 1}}}
            """);
    }

    static ObjectNode with(Consumer<ObjectNode> change) {
        ObjectNode body = smallest();
        change.accept(body);
        return body;
    }

    static Reading read(JsonNode body) {
        return read(body, Service.HF_UNSLOTH);
    }

    static Reading read(JsonNode body, Service service) {
        return Request.read(body, true, service, RuntimeDefaults.PUBLISHED);
    }

    /** By the service of the body's provider. */
    static Wanted wanted(String body) {
        return wanted(((Json.Parsed.Tree) Json.read(body.getBytes(StandardCharsets.UTF_8))).root());
    }

    static Wanted wanted(JsonNode root) {
        Service service =
                Service.forProvider(root.path("base_model").path("provider").stringValue(""));
        return switch (read(root, service)) {
            case Reading.Good good ->
                Translator.wanted(good.request(), "default", RuntimeDefaults.PUBLISHED, Optional.empty());
            case Reading.Wrong wrong ->
                throw new AssertionError(
                        new String(Details.problems("body", wrong.problems()), StandardCharsets.UTF_8));
            case Reading.Refused refused -> throw new AssertionError(refused.text());
        };
    }
}
