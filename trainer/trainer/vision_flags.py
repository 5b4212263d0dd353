"""The flags of the vision contract's training script, turned into a `Run`.

The published ones with their published defaults, except that a picture model
begins with published weights only where `--pretrained` asks for it.
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

TEXT_TASKS = ("text_generation", "causal_lm", "language_modeling", "instruction_tuning", "sft")
FORMATS = ("imagefolder", "coco", "yolo", "voc", "custom", "dice", "jsonl", "parquet", "csv")
_TEXT_SUFFIXES = {"jsonl": (".jsonl", ".json"), "parquet": (".parquet",), "csv": (".csv",)}


def meant(arguments: Sequence[str]) -> bool:
    return given("task_type", arguments)  # no other way of starting has this one


def read(arguments: Sequence[str], environment: Mapping[str, str]) -> config.Run:
    flags, warnings = _parser().read(arguments)
    # The platform's name for what the rest of the world calls AWS_ENDPOINT_URL.
    endpoint = environment.get("AWS_S3_ENDPOINT_URL")
    if endpoint:
        os.environ.setdefault("AWS_ENDPOINT_URL", endpoint)
    run = config.parse(_document(flags, _advanced(flags.advanced_config)))
    return replace(run, warnings=tuple(warnings), callback_url=flags.callback_url)


def _parser() -> FlagParser:
    parser = FlagParser()
    flag = parser.flag
    flag("framework", choices=("timm", "ultralytics", "transformers"), required=True)
    flag("task_type", required=True)
    flag("model_name", required=True)
    flag("dataset_path", required=True)
    flag("dataset_format", choices=FORMATS, default="imagefolder")
    flag("num_classes", type=int)
    flag("output_dir", required=True)
    flag("epochs", type=int, default=50)
    flag("batch_size", type=int, default=32)
    flag("learning_rate", type=float, default=0.001)
    flag("optimizer", default="adam")
    flag("device", default="cuda")
    flag("image_size", type=int)
    flag("pretrained", action="store_true")
    flag("job_id", type=int, required=True)
    flag("checkpoint_path")
    flag("resume", action="store_true")
    flag("advanced_config")
    flag("project_id")
    flag("callback_url")
    return parser


def _advanced(text: str | None) -> dict[str, Any]:
    if not text:
        return {}
    for attempt in (text, text.replace('\\"', '"')):  # the published manifests escape every quote of it
        try:
            value = json.loads(attempt)
        except ValueError:
            continue
        if isinstance(value, dict):
            return value
    raise Failure("config", f"--advanced_config must be a JSON object, not {text[:80]!r}")


def _document(flags: argparse.Namespace, advanced: dict[str, Any]) -> dict[str, Any]:
    output = str(flags.output_dir).rstrip("/")
    text = flags.framework == "transformers"
    word = flags.task_type.lower().replace("-", "_")
    if text and word not in TEXT_TASKS:
        raise Failure(
            "unsupported",
            f"--task_type {flags.task_type} is not trained with transformers here: {', '.join(TEXT_TASKS)};"
            " give framework timm or ultralytics for pictures",
        )
    if "/" not in flags.dataset_path and not Path(flags.dataset_path).exists():
        raise Failure(
            "data",
            f"--dataset_path {flags.dataset_path} is neither a path nor a URI; give the directory, or where it lies in"
            " a bucket, s3://bucket/folder",
        )
    weights, checkpoints = _starting_point(flags.checkpoint_path, output)
    vision = {
        "task_type": flags.task_type,
        "num_classes": flags.num_classes,
        "image_size": flags.image_size,
        "optimizer": flags.optimizer.lower(),
        "pretrained": flags.pretrained,
        "device": flags.device,
    }
    return {
        "run_id": str(flags.job_id),
        "framework": "hf" if text else flags.framework,
        "model": {"name": flags.model_name, "weights_uri": weights},
        "datasets": [{"source": flags.dataset_path, "format": _format(flags) if text else flags.dataset_format}],
        "method": {"kind": "full", "precision": "fp32", "gradient_checkpointing": False},
        "hyperparameters": {
            "learning_rate": flags.learning_rate,
            "batch_size": flags.batch_size,
            "epochs": flags.epochs,
        },
        "checkpoints": {"uri": checkpoints, "resume": flags.resume},
        "outputs": {"uri": output},
        "extra": advanced if text else {**vision, **advanced},
    }


def _starting_point(path: str | None, output: str) -> tuple[str | None, str]:
    """A file holds weights to begin with, anything else is where checkpoints lie."""
    if path and Path(path).is_file():
        return path, f"{output}/checkpoints"
    return None, (path or f"{output}/checkpoints").rstrip("/")


def _format(flags: argparse.Namespace) -> str:
    path = flags.dataset_path.lower()
    return next((kind for kind, ends in _TEXT_SUFFIXES.items() if path.endswith(ends)), "jsonl")
