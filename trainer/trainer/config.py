"""What a run is: one frozen dataclass, read once. Imports nothing heavy."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from trainer.document import read_dataclass, shown
from trainer.failure import Failure

MethodKind = Literal["full", "lora", "qlora", "peft", "adapter"]
Precision = Literal["fp32", "fp16", "bf16", "int8"]


@dataclass(frozen=True)
class Model:
    name: str
    provider: str = "huggingface"
    revision: str = "main"
    weights_uri: str | None = None


@dataclass(frozen=True)
class Dataset:
    source: str
    format: str = "jsonl"
    split: str | None = None
    streaming: bool = False


@dataclass(frozen=True)
class Lora:
    rank: int = 16
    alpha: int = 32
    dropout: float = 0.05
    target_modules: tuple[str, ...] = ()


@dataclass(frozen=True)
class Qlora:
    use_double_quant: bool = True
    bnb_4bit_compute_dtype: Literal["float16", "bfloat16"] = "bfloat16"
    bnb_4bit_quant_type: Literal["nf4", "fp4"] = "nf4"


@dataclass(frozen=True)
class Peft:
    use: bool = False
    config: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Method:
    kind: MethodKind = "lora"
    precision: Precision = "bf16"
    gradient_checkpointing: bool = True
    trainable_layers: tuple[str, ...] = ()
    lora: Lora = Lora()
    qlora: Qlora = Qlora()
    peft: Peft = Peft()


@dataclass(frozen=True)
class Hyperparameters:
    learning_rate: float = 5e-5
    batch_size: int = 32  # examples in one optimizer step, over all processes
    micro_batch_size: int | None = None  # examples in one forward pass of one process
    epochs: int = 3
    max_steps: int | None = None
    warmup_ratio: float = 0.1
    max_sequence_length: int = 2048  # tokens
    weight_decay: float = 0.01
    seed: int | None = None

    @property
    def chosen_seed(self) -> int:
        return 0 if self.seed is None else self.seed


@dataclass(frozen=True)
class Checkpoints:
    uri: str
    every_steps: int | None = None
    keep: int = 2
    resume: bool = True


@dataclass(frozen=True)
class Outputs:
    uri: str
    log_uri: str | None = None
    copy_uri: str | None = None  # gets the same files as `uri`


@dataclass(frozen=True)
class Extra:
    """Knobs that only some frameworks have."""

    dataset_text_field: str = "text"
    eval_every: int = 10  # every so many rows one is held out; 0 holds out none
    eval_file: str | None = None  # evaluated in place of held-out rows
    eval_steps: int | None = None  # also evaluate every so many steps
    eval_batch_size: int = 8
    save_steps: int = 100  # where checkpoints.every_steps is not given
    gradient_accumulation: int = 1
    lr_scheduler_type: str = "linear"  # hf takes every schedule of transformers, the others SCHEDULES
    warmup_steps: int | None = None  # in place of warmup_ratio
    max_grad_norm: float = 1.0
    threads: int | None = None
    tokenizer_name: str | None = None
    logging_steps: int | None = None  # accepted; every step is reported anyhow
    quantization: str | None = None  # unsloth's name for what qlora does
    optimize_long_context: bool | None = None
    unsloth_kernels: Literal["auto", "required", "off"] = "auto"
    packing: bool = False  # short rows share one row of max_sequence_length tokens
    prompt_field: str = "prompt"
    completion_field: str = "completion"
    messages_field: str = "messages"
    completion_only_loss: bool = True  # prompts and what others than the assistant say are read, not learnt
    chat_template: str | None = None  # in place of the tokenizer's own
    export: Literal["adapter", "merged", "both"] = "adapter"
    # Every other key as it came: the framework knows it, or it is named as unknown.
    other: dict[str, Any] = field(default_factory=dict)

    @property
    def ignored(self) -> tuple[str, ...]:
        return tuple(self.other)


@dataclass(frozen=True)
class Run:
    run_id: str
    model: Model
    datasets: tuple[Dataset, ...]
    checkpoints: Checkpoints
    outputs: Outputs
    attempt: int = 1
    framework: str = "hf"
    method: Method = Method()
    hyperparameters: Hyperparameters = Hyperparameters()
    extra: Extra = field(default_factory=Extra)
    max_duration_seconds: float | None = None  # saved and interrupted when it has run for so long
    # The prefix of the unified contract's layout, when that is what started us.
    layout_uri: str | None = None
    callback_url: str | None = None  # where a vision platform wants to be told; never in a file
    # Said once, as warning events, as soon as there is a place to say them.
    warnings: tuple[str, ...] = ()

    @property
    def checkpoint_every(self) -> int:
        return self.checkpoints.every_steps or self.extra.save_steps


# By what others call them, wherever nobody has put them into their place before.
_LORA = {
    "lora_r": "rank",
    "lora_rank": "rank",
    "lora_alpha": "alpha",
    "lora_dropout": "dropout",
    "target_modules": "target_modules",
}
SCHEDULES = ("linear", "cosine", "constant")
_NOT_IN_FILE = frozenset({"layout_uri", "callback_url", "warnings"})


def parse(document: Any) -> Run:
    """Reads the run.json that the control plane writes; absent and null mean the default."""
    if not isinstance(document, dict):
        raise Failure("config", "run.json must hold one JSON object")
    run = read_dataclass(Run, _split_extra(document), "", _NOT_IN_FILE)
    _check(run)
    return run


def load(source: str) -> Run:
    """`source` is the path of a run.json, or its text (an environment variable may hold either)."""
    text = source
    if not source.lstrip().startswith("{"):
        try:
            text = Path(source).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise Failure("config", f"cannot read configuration {source}: {error}") from error
    try:
        return parse(json.loads(text))
    except json.JSONDecodeError as error:
        raise Failure("config", f"configuration is not JSON: {error}") from error


def _split_extra(document: dict[str, Any]) -> dict[str, Any]:
    """Unlike everything else, `extra` may hold keys that we do not know: a framework may."""
    extra = document.get("extra")
    if not isinstance(extra, dict):
        return document
    known = {each.name for each in fields(Extra)} - {"other"}
    method = document.get("method")
    lora = {_LORA[key]: extra[key] for key in extra if key in _LORA}
    if lora and (method is None or isinstance(method, dict)):
        extra = {key: value for key, value in extra.items() if key not in _LORA}
        document = {**document, "method": {**(method or {}), "lora": {**((method or {}).get("lora") or {}), **lora}}}
    kept: dict[str, Any] = {key: value for key, value in extra.items() if key in known}
    kept["other"] = {str(key): value for key, value in extra.items() if key not in known and value is not None}
    return {**document, "extra": kept}


def _positive(value: float | None) -> bool:
    """What is not given is not wrong; nought is, which is easily taken for not given."""
    return value is None or value > 0


def _check(run: Run) -> None:
    numbers, method, extra = run.hyperparameters, run.method, run.extra
    rules: list[tuple[bool, str, Any]] = [
        (run.run_id != "", "run_id must not be empty", run.run_id),
        (run.attempt >= 1, "attempt must be at least 1", run.attempt),
        (run.model.name != "", "model.name must not be empty", run.model.name),
        (len(run.datasets) > 0, "datasets must name at least one source", []),
        (run.checkpoints.uri != "", "checkpoints.uri must not be empty", run.checkpoints.uri),
        (run.outputs.uri != "", "outputs.uri must not be empty", run.outputs.uri),
        (run.checkpoints.keep >= 2, "checkpoints.keep must be at least 2", run.checkpoints.keep),
        (run.checkpoint_every >= 1, "checkpoints.every_steps must be at least 1", run.checkpoint_every),
        (numbers.learning_rate > 0, "hyperparameters.learning_rate must be above 0", numbers.learning_rate),
        (numbers.batch_size >= 1, "hyperparameters.batch_size must be at least 1", numbers.batch_size),
        (
            _positive(numbers.micro_batch_size),
            "hyperparameters.micro_batch_size must be at least 1",
            numbers.micro_batch_size,
        ),
        (numbers.epochs >= 1, "hyperparameters.epochs must be at least 1", numbers.epochs),
        (numbers.max_steps is None or numbers.max_steps >= 1, "hyperparameters.max_steps must be at least 1", 0),
        (0 <= numbers.warmup_ratio <= 1, "hyperparameters.warmup_ratio must be within 0 and 1", numbers.warmup_ratio),
        (numbers.max_sequence_length >= 2, "hyperparameters.max_sequence_length must be at least 2", None),
        (numbers.weight_decay >= 0, "hyperparameters.weight_decay must not be below 0", numbers.weight_decay),
        (numbers.chosen_seed >= 0, "hyperparameters.seed must not be below 0", numbers.seed),
        (method.lora.rank >= 1, "method.lora.rank must be at least 1", method.lora.rank),
        (method.lora.alpha >= 1, "method.lora.alpha must be at least 1", method.lora.alpha),
        (0 <= method.lora.dropout <= 1, "method.lora.dropout must be within 0 and 1", method.lora.dropout),
        (extra.eval_every >= 0 and extra.eval_every != 1, "extra.eval_every must be 0 or at least 2", extra.eval_every),
        ((extra.eval_steps or 1) >= 1, "extra.eval_steps must be at least 1", extra.eval_steps),
        (extra.eval_batch_size >= 1, "extra.eval_batch_size must be at least 1", extra.eval_batch_size),
        (extra.gradient_accumulation >= 1, "extra.gradient_accumulation must be at least 1", None),
        (extra.max_grad_norm > 0, "extra.max_grad_norm must be above 0", extra.max_grad_norm),
        (_positive(extra.threads), "extra.threads must be at least 1", extra.threads),
        (_positive(run.max_duration_seconds), "max_duration_seconds must be above 0", run.max_duration_seconds),
    ]
    for holds, message, value in rules:
        if not holds:
            raise Failure("config", f"{message}, not {shown(value)}" if value not in (None, "", []) else message)
    if run.framework not in ("hf", "unsloth") and extra.lr_scheduler_type not in SCHEDULES:
        raise Failure("config", f"extra.lr_scheduler_type must be one of {', '.join(SCHEDULES)}")
    if any(dataset.streaming for dataset in run.datasets) and extra.packing:
        raise Failure("config", "extra.packing has to see all rows first; turn datasets[].streaming off, or packing")
    if extra.export != "adapter" and method.kind in ("full", "adapter"):
        raise Failure("config", f"extra.export {extra.export} merges a lora adapter; method {method.kind} has none")
