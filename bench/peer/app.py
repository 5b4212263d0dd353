"""The peer: the hf-unsloth trainer contract the way one writes it with FastAPI today.

Every published field with its type, default and limit as pydantic v2 models, the service's rules, the rendered
TrainJob, and answers through FastAPI's own serializer. Jobs live in memory: nothing is durable here, and only the
newest are kept, so that long rounds do not slow it down by memory.
"""

from __future__ import annotations

import json
import re
import shlex
from typing import Annotated, Any, Literal
from uuid import uuid4

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, ConfigDict, Field, HttpUrl

KEPT_JOBS = 10_000
LABEL = "trainer.deepfinery/"
NAME_PREFIX = "hf-unsloth-job"
PROVIDERS = {"custom", "huggingface", "meta", "mistral", "tii"}

AtLeast1 = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]


class Block(BaseModel):
    # A client's model_name is no clash with pydantic's own names.
    model_config = ConfigDict(protected_namespaces=())


class BaseModelSpec(Block):
    provider: Literal["nemo", "meta", "huggingface", "bim", "custom", "nemotron", "mistral", "tii"]
    model_name: str
    revision: str | None = "main"
    weights_url: HttpUrl | None = None
    auth_token: str | None = None
    huggingface_token: str | None = None


class DatasetAuth(Block):
    token: str | None = None
    username: str | None = None
    password: str | None = None
    role_arn: str | None = None


class Dataset(Block):
    source: str
    format: Literal["jsonl", "parquet", "csv", "hf", "nemo"]
    split: str | None = None
    auth: DatasetAuth | None = None
    streaming: bool = False


class Lora(Block):
    rank: AtLeast1 = 16
    target_modules: list[str] = []
    alpha: AtLeast1 = 32
    dropout: Share = 0.05


class QLora(Block):
    use_double_quant: bool = True
    bnb_4bit_compute_dtype: Literal["float16", "bfloat16"] = "bfloat16"
    bnb_4bit_quant_type: Literal["nf4", "fp4"] = "nf4"


class Peft(Block):
    use: bool = False
    config: dict[str, Any] = {}


class Customization(Block):
    method: Literal["full", "lora", "qlora", "peft", "adapter"] = "lora"
    trainable_layers: list[str] = []
    precision: Literal["fp32", "fp16", "bf16", "int8"] = "bf16"
    gradient_checkpointing: bool = True
    lora: Lora | None = None
    qlora: QLora | None = None
    peft: Peft | None = None

    def model_post_init(self, _: Any) -> None:
        if self.method == "lora" and self.lora is None:
            self.lora = Lora()
        if self.method == "qlora" and self.qlora is None:
            self.qlora = QLora()


class Resources(Block):
    gpus: Annotated[int, Field(ge=0)] = 1
    gpu_type: str | None = None
    cpus: AtLeast1 = 8
    memory_gb: AtLeast1 = 64
    max_duration_minutes: AtLeast1 = 480


class Artifacts(Block):
    log_uri: str
    output_uri: str
    status_stream_url: str | None = None


class TuningParameters(Block):
    learning_rate: Annotated[float, Field(gt=0)] = 5e-5
    batch_size: AtLeast1 = 32
    micro_batch_size: AtLeast1 | None = None
    num_epochs: AtLeast1 = 3
    warmup_ratio: Share = 0.1
    max_sequence_length: AtLeast1 = 2048
    weight_decay: Annotated[float, Field(ge=0)] = 0.01


class Callbacks(Block):
    webhook_url: HttpUrl | None = None
    auth_header: str | None = None
    event_filter: list[Literal["submitted", "running", "failed", "succeeded"]] = ["submitted", "failed", "succeeded"]


class TrainingRequest(Block):
    job_id: str
    base_model: BaseModelSpec
    datasets: list[Dataset]
    customization: Customization
    resources: Resources
    artifacts: Artifacts
    tuning_parameters: TuningParameters
    callbacks: Callbacks | None = None
    extra_parameters: dict[str, Any] = {}


class TrainingResponse(BaseModel):
    job_id: str
    backend_job_id: str
    status: Literal["submitted", "running", "failed", "succeeded", "cancelled"]
    detail: str
    dashboard_url: str | None = None
    metadata: dict[str, Any]


app = FastAPI(title="HF Unsloth Trainer API", version="0.1.0")
jobs: dict[str, TrainingResponse] = {}


@app.get("/hf-unsloth/healthz")
async def healthz() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/hf-unsloth/train")
async def submit(request: TrainingRequest) -> TrainingResponse:
    refusal = objection(request)
    if refusal is not None:
        raise HTTPException(400, refusal)
    known = jobs.get(request.job_id)
    if known is not None:
        return known
    name = sanitize(request.job_id)
    job = TrainingResponse(
        job_id=request.job_id,
        backend_job_id=name,
        status="submitted",
        detail="Job accepted for processing",
        metadata={
            "job_spec": {
                "job_id": request.job_id,
                "backend": "hf-unsloth",
                "backend_job_id": name,
                "train_job": train_job(request, name),
                "callbacks": request.callbacks.model_dump(mode="json") if request.callbacks else None,
            },
            "trainyard": {"id": "job_" + str(uuid4()), "backend": "simulated", "state": "queued"},
        },
    )
    if len(jobs) >= KEPT_JOBS:
        del jobs[next(iter(jobs))]
    jobs[request.job_id] = job
    return job


@app.get("/hf-unsloth/train/{job_id}")
async def show(job_id: str) -> TrainingResponse:
    job = jobs.get(job_id)
    if job is None:
        raise HTTPException(404, f"Job {job_id} not found")
    return job


def objection(request: TrainingRequest) -> str | None:
    if request.base_model.provider not in PROVIDERS:
        return "Hugging Face backend is limited to HF-hosted models"
    if request.customization.method not in ("lora", "qlora", "peft"):
        return "Unsloth path targets parameter-efficient tuning methods"
    if request.resources.gpus < 1:
        return "At least one GPU required for Unsloth fine-tuning"
    return None


def sanitize(job_id: str) -> str:
    name = re.sub(r"[^a-z0-9-]+", "-", job_id.lower()).strip("-") or NAME_PREFIX
    if not name[0].isalpha():
        name = f"{NAME_PREFIX}-{name}"
    return name[:63].rstrip("-")


def words(value: Any) -> list[str]:
    if value is None:
        return []
    return shlex.split(value) if isinstance(value, str) else [str(word) for word in value if word is not None]


def own_environment(given: Any) -> dict[str, str]:
    if not given:
        return {}
    if isinstance(given, dict):
        return {str(name): str(value) for name, value in given.items()}
    return {str(item["name"]): str(item.get("value", "")) for item in given if "name" in item}


def environment(request: TrainingRequest) -> list[dict[str, str]]:
    values = {
        "TRAINING_JOB_ID": request.job_id,
        "TRAINING_BACKEND": "hf-unsloth",
        "TRAINING_REQUEST_JSON": request.model_dump_json(exclude_none=True),
        "TRAINING_RESOURCES_JSON": request.resources.model_dump_json(),
        "TRAINING_CUSTOMIZATION_JSON": request.customization.model_dump_json(),
        "TRAINING_TUNING_PARAMETERS_JSON": request.tuning_parameters.model_dump_json(),
    }
    if request.datasets:
        values["TRAINING_DATASETS_JSON"] = "[" + ",".join(each.model_dump_json() for each in request.datasets) + "]"
    values["TRAINING_LOG_URI"] = request.artifacts.log_uri
    values["TRAINING_OUTPUT_URI"] = request.artifacts.output_uri
    if request.artifacts.status_stream_url:
        values["TRAINING_STATUS_STREAM_URL"] = request.artifacts.status_stream_url
    values["TRAINING_BASE_MODEL_JSON"] = request.base_model.model_dump_json()
    extra = request.extra_parameters
    if "unsloth" in extra:
        options = {"optimize_long_context": True, "quantization": "bnb-nf4", "gradient_accumulation": 4}
        values["UNSLOTH_OPTIONS_JSON"] = json.dumps({**options, **extra["unsloth"]}, separators=(",", ":"))
    values.update(own_environment(extra.get("trainer_env")))
    return [{"name": name, "value": value} for name, value in values.items()]


def train_job(request: TrainingRequest, name: str) -> dict[str, Any]:
    extra = request.extra_parameters
    resources = request.resources
    nodes = max(1, int(extra.get("num_nodes", 1)))
    amounts = {"cpu": str(resources.cpus), "memory": f"{resources.memory_gb}Gi"}
    if resources.gpus > 0:
        amounts["nvidia.com/gpu"] = str(resources.gpus)
    labels = {LABEL + "backend": "hf-unsloth", LABEL + "job-id": request.job_id}
    labels.update({key: str(value) for key, value in extra.get("job_labels", {}).items()})
    annotations = {LABEL + "request-json": request.model_dump_json(exclude_none=True), LABEL + "job-id": request.job_id}
    annotations.update({key: str(value) for key, value in extra.get("job_annotations", {}).items()})
    runtime = extra.get("runtime_ref") or {}
    trainer: dict[str, Any] = {
        "image": extra.get("container_image", "ghcr.io/unslothai/unsloth-trainer:latest"),
        "command": words(extra.get("trainer_command") or extra.get("command")) or ["accelerate"],
    }
    arguments = words(extra.get("trainer_args"))
    if arguments:
        trainer["args"] = arguments
    trainer["resourcesPerNode"] = extra.get("resources_per_node") or {"requests": amounts, "limits": amounts}
    trainer["numNodes"] = nodes
    trainer["numProcPerNode"] = max(1, int(extra.get("num_proc_per_node", -(-resources.gpus // nodes))))
    trainer["env"] = environment(request)
    spec: dict[str, Any] = {
        "runtimeRef": {
            "name": runtime.get("name", "hf-unsloth-runtime"),
            "kind": runtime.get("kind", "ClusterTrainingRuntime"),
            "apiGroup": runtime.get("apiGroup", "trainer.kubeflow.org"),
        },
        "trainer": trainer,
        "labels": labels,
    }
    initializer: dict[str, Any] = {}
    if request.datasets:
        initializer["dataset"] = {"storageUri": request.datasets[0].source}
    if request.base_model.weights_url:
        initializer["model"] = {"storageUri": str(request.base_model.weights_url)}
    if initializer:
        spec["initializer"] = initializer
    return {
        "apiVersion": "trainer.kubeflow.org/v1alpha1",
        "kind": "TrainJob",
        "metadata": {"name": name, "labels": labels, "annotations": annotations},
        "spec": spec,
    }
