"""The flags of the studio contract's training script, turned into a `Run`.

A job of that contract is a list of flags (`--dataset_file`, `--output_dir`, ...)
for whatever script its operator names; these are the published ones with their
published defaults, so that this trainer is such a script. Each may also be
spelled with dashes.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from trainer import config
from trainer.failure import Failure
from trainer.flag_parser import FlagParser, given

_DEFAULT_MODEL = "meta-llama/Llama-3.2-3B-Instruct"


def meant(arguments: Sequence[str]) -> bool:
    return given("dataset_file", arguments)  # no other way of starting has this one


def read(arguments: Sequence[str], environment: Mapping[str, str]) -> config.Run:
    flags, warnings = _parser().read(arguments)
    if flags.hf_token:
        os.environ["HF_TOKEN"] = flags.hf_token
    run = config.parse(_document(flags, _told(environment), int(environment.get("WORLD_SIZE", "1") or "1")))
    return replace(run, warnings=tuple(warnings))


def _parser() -> FlagParser:
    parser = FlagParser()
    flag = parser.flag
    flag("method", choices=("qlora", "lora", "full"), default="qlora")
    flag("model_id", default=_DEFAULT_MODEL)
    flag("dataset_file", required=True)
    flag("val_split_size", type=float, default=0.1)
    flag("output_dir", default="./outputs")
    flag("max_length", type=int, default=512)
    flag("packing", action="store_true")
    flag("per_device_train_batch_size", type=int, default=1)
    flag("per_device_eval_batch_size", type=int, default=1)
    flag("gradient_accumulation_steps", type=int, default=16)
    flag("num_train_epochs", type=float, default=2)
    flag("learning_rate", type=float, default=2e-4)
    flag("lr_scheduler_type", default="cosine")
    flag("warmup_ratio", type=float, default=0.03)
    flag("logging_steps", type=int, default=20)
    flag("eval_steps", type=int, default=500)
    flag("save_steps", type=int, default=500)
    parser.set_defaults(gradient_checkpointing=True)
    parser.add_argument("--gradient_checkpointing", "--gradient-checkpointing", action="store_true")
    parser.add_argument(
        "--no_gradient_checkpointing",
        "--no-gradient-checkpointing",
        dest="gradient_checkpointing",
        action="store_false",
    )
    flag("bf16", action="store_true")
    flag("upload_output_to")
    flag("hf_token")
    flag("lora_rank", type=int, default=32)
    flag("lora_alpha", type=int, default=16)
    flag("lora_dropout", type=float, default=0.05)
    # Beyond the published ones.
    flag("max_steps", type=int)
    flag("seed", type=int)
    return parser


def _told(environment: Mapping[str, str]) -> dict[str, Any]:
    """The control plane's word on which run this is and where its checkpoints lie, so that a next attempt goes on."""
    source = environment.get("TRAINER_CONFIG")
    if not source:
        return {}
    try:
        text = source if source.lstrip().startswith("{") else Path(source).read_text(encoding="utf-8")
        document = json.loads(text)
    except (OSError, ValueError) as error:
        raise Failure("config", f"cannot read configuration {source}: {error}") from error
    return document if isinstance(document, dict) else {}


def _document(flags: argparse.Namespace, told: Mapping[str, Any], processes: int) -> dict[str, Any]:
    output = str(flags.output_dir).rstrip("/")
    if flags.num_train_epochs != int(flags.num_train_epochs):
        raise Failure("config", f"--num_train_epochs {flags.num_train_epochs}: this trainer takes whole epochs only")
    # A run that nobody named cannot be told from an earlier one in the same place, and so begins anew.
    checkpoints = told.get("checkpoints") or {"uri": f"{output}/checkpoints", "resume": False}
    return {
        "run_id": told.get("run_id") or "run",
        "attempt": told.get("attempt"),
        "framework": "hf",
        "model": {"name": flags.model_id},
        "datasets": [{"source": flags.dataset_file, "format": _format(flags.dataset_file)}],
        "method": {
            "kind": flags.method,
            "precision": "bf16" if flags.bf16 else "fp32",
            "gradient_checkpointing": flags.gradient_checkpointing,
            "lora": {"rank": flags.lora_rank, "alpha": flags.lora_alpha, "dropout": flags.lora_dropout},
        },
        "hyperparameters": {
            "learning_rate": flags.learning_rate,
            "batch_size": flags.per_device_train_batch_size * flags.gradient_accumulation_steps * processes,
            "micro_batch_size": flags.per_device_train_batch_size,
            "epochs": int(flags.num_train_epochs),
            "max_steps": flags.max_steps,
            "warmup_ratio": flags.warmup_ratio,
            "max_sequence_length": flags.max_length,
            "weight_decay": 0.0,
            "seed": flags.seed,
        },
        "checkpoints": {**checkpoints, "every_steps": flags.save_steps},
        "outputs": {"uri": output, "copy_uri": flags.upload_output_to},
        "extra": {
            "eval_every": round(1 / flags.val_split_size) if flags.val_split_size > 0 else 0,
            "eval_steps": flags.eval_steps,
            "eval_batch_size": flags.per_device_eval_batch_size,
            "lr_scheduler_type": flags.lr_scheduler_type,
            "logging_steps": flags.logging_steps,
            "packing": flags.packing,
        },
    }


def _format(source: str) -> str:
    return next((kind for kind in ("parquet", "csv") if source.lower().endswith(f".{kind}")), "jsonl")
