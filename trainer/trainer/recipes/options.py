"""The knobs that only one framework has: what `extra` may hold beside the ones that all know."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

from trainer.config import Extra, Run
from trainer.document import nearest, read_dataclass, shown
from trainer.failure import Failure


@dataclass(frozen=True)
class Meta:
    # How several processes share the work: each holds a part of the model, or each the whole of it.
    data_parallel: Literal["fsdp", "ddp"] = "fsdp"


@dataclass(frozen=True)
class Nemo:
    dataloader_workers: int = 2  # processes that make batches beside the one that trains; 0 makes them there
    log_every_n_steps: int = 10  # accepted; every step is reported anyhow


def meta(run: Run) -> Meta:
    return read_dataclass(Meta, run.extra.other, "extra", frozenset())


def nemo(run: Run) -> Nemo:
    options = read_dataclass(Nemo, run.extra.other, "extra", frozenset())
    if options.dataloader_workers < 0:
        raise Failure("config", f"extra.dataloader_workers must be at least 0, not {options.dataloader_workers}")
    return options


@dataclass(frozen=True)
class Vision:
    """Of timm and ultralytics, as the vision contract names them."""

    task_type: str = "image_classification"
    num_classes: int | None = None
    image_size: int | None = None  # pixels, both ways; 224 for timm and 640 for ultralytics
    optimizer: Literal["adam", "adamw", "sgd"] = "adam"
    pretrained: bool = True
    device: str | None = None
    workers: int = 2  # processes that read pictures beside the one that trains; 0 reads them there
    # What the framework itself takes: any other key, checked by the framework.
    other: dict[str, Any] = field(default_factory=dict)


TASKS = {
    "image_classification": "classify",
    "classification": "classify",
    "classify": "classify",
    "object_detection": "detect",
    "detection": "detect",
    "detect": "detect",
    "instance_segmentation": "segment",
    "segmentation": "segment",
    "segment": "segment",
    "pose_estimation": "pose",
    "pose": "pose",
}
_FORMATS = {
    "classify": ("imagefolder",),
    "detect": ("yolo", "coco", "voc"),
    "segment": ("yolo", "coco"),
    "pose": ("yolo",),
}


def vision(run: Run) -> Vision:
    known = {each.name for each in fields(Vision)} - {"other"}
    given = {key: value for key, value in run.extra.other.items() if key in known}
    options = read_dataclass(Vision, given, "extra", frozenset())
    options = replace(options, other={key: value for key, value in run.extra.other.items() if key not in known})
    _check_vision(run, options)
    return options


def task(options: Vision) -> str:
    return TASKS[options.task_type.lower().replace("-", "_")]


def _check_vision(run: Run, options: Vision) -> None:
    word = options.task_type.lower().replace("-", "_")
    if word not in TASKS:
        raise Failure("config", f"extra.task_type {options.task_type} is not known{nearest(word, TASKS)}")
    if run.framework == "timm":
        if TASKS[word] != "classify":
            raise Failure(
                "unsupported", f"timm trains image_classification, not {word}; framework ultralytics trains that"
            )
        if options.other:
            name = next(iter(options.other))
            offered = [each.name for each in fields(Vision)] + [each.name for each in fields(Extra)]
            raise Failure("config", f"unknown key extra.{name}{nearest(name, offered)}")
    if len(run.datasets) != 1:
        raise Failure("config", f"datasets must name one source for {run.framework}, not {len(run.datasets)}")
    kind = run.datasets[0].format
    if kind not in _FORMATS[TASKS[word]]:
        raise Failure(
            "config",
            f"datasets[0].format {kind} does not fit task_type {word}, which takes {', '.join(_FORMATS[TASKS[word]])}",
        )
    rules = (
        (options.num_classes is None or options.num_classes >= 2, "num_classes", "at least 2", options.num_classes),
        (options.image_size is None or options.image_size >= 32, "image_size", "at least 32", options.image_size),
        (options.workers >= 0, "workers", "at least 0", options.workers),
    )
    for holds, name, bound, value in rules:
        if not holds:
            raise Failure("config", f"extra.{name} must be {bound}, not {shown(value)}")
