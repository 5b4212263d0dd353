"""Trains detectors, segmenters, poses and classifiers of Ultralytics, whose licence is AGPL-3.0.

Ultralytics keeps its own loop, and goes on from an epoch's end by its own
`last.pt`, which holds a smoothed model in half precision: a resumed run takes
the epochs that are left, and is not bit for bit what an undisturbed one is.
Long because everything of that loop is bridged here, and nowhere else.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trainer.checkpoint import Saved
from trainer.document import nearest
from trainer.failure import Failure
from trainer.health import Health, resources_used
from trainer.job import Finished, Interrupted, Job, Outcome
from trainer.labels import Labelled
from trainer.recipes import options
from trainer.storage import written

IMAGE_SIZE = 640
PROGRESS_FILE = "epoch.json"
KEPT = ("last.pt", "best.pt")
_OPTIMIZER = {"adam": "Adam", "adamw": "AdamW", "sgd": "SGD"}
_SUFFIX = {"detect": "", "segment": "-seg", "pose": "-pose", "classify": "-cls"}
# What the job says by other names.
_OURS = ("data", "epochs", "batch", "lr0", "imgsz", "project", "name", "save_dir", "resume", "model", "task", "mode")


class _Stopped(Exception):
    """Ends an epoch where it is: what it has done is done again, for Ultralytics goes on from whole ones only."""


def run(job: Job) -> Outcome:
    if job.world.size > 1:
        raise Failure(
            "unsupported",
            f"ultralytics starts its own processes, one a GPU; start one process, not {job.world.size}, and name the"
            " GPUs as extra.device, for example 0,1",
        )
    scratch = Path(tempfile.mkdtemp(prefix="trainer-ultralytics-"))
    try:
        return _run(job, scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _run(job: Job, scratch: Path) -> Outcome:
    wanted = options.vision(job.run)
    _prepare_environment(scratch, wanted)
    from ultralytics import YOLO

    job.events.phase("loading_model")
    task = options.task(wanted)
    done = _Done.read(job.saved)
    model = _load(YOLO, job, task, wanted, job.saved)
    follower = _Follower(job, done)
    if done.epoch < job.run.hyperparameters.epochs:
        for name in ("on_train_start", "on_train_batch_end", "on_fit_epoch_end", "on_model_save"):
            model.add_callback(name, getattr(follower, name))
        settings = _settings(job, task, wanted, scratch)
        job.events.phase("training")
        try:
            model.train(**settings)
        except _Stopped:
            return Interrupted(follower.step, follower.saved_step or None)
        except RuntimeError as error:
            if "NaN" not in str(error):
                raise
            raise Failure("diverged", f"{error}; lower the learning rate or raise the warm-up") from error
        follower.end()
    job.events.phase("finalizing")
    weights = scratch / "run" / "weights"
    _publish(job, weights if weights.is_dir() else job.saved.directory if job.saved else weights, scratch)
    return Finished(follower.step, follower.loss)


def _prepare_environment(scratch: Path, wanted: options.Vision) -> None:
    """Ultralytics looks at it as it loads."""
    os.environ["YOLO_CONFIG_DIR"] = str(scratch / "settings")
    if not wanted.pretrained:
        os.environ["YOLO_OFFLINE"] = "true"  # nothing has to be fetched
    for name in ("RANK", "LOCAL_RANK", "WORLD_SIZE"):  # would be taken for processes of its own
        os.environ.pop(name, None)


class _Done:
    """How far a checkpoint is: whole epochs, and the steps that they took."""

    def __init__(self, epoch: int, step: int, loss: float | None) -> None:
        self.epoch = epoch
        self.step = step
        self.loss = loss

    @staticmethod
    def read(saved: Saved | None) -> _Done:
        if saved is None:
            return _Done(0, 0, None)
        return _Done(**json.loads((saved.directory / PROGRESS_FILE).read_text(encoding="utf-8")))


class _Follower:
    """Tells what Ultralytics does, saves what it saves, and stops it."""

    def __init__(self, job: Job, done: _Done) -> None:
        self.job = job
        self.step = self.saved_step = self.first = done.step
        self.loss = done.loss
        self.told_epoch = done.epoch
        self.health = Health(job.events)
        self.lost_in: int | None = None  # the epoch in which the loss was no number, and that was told
        self.began = self.step_began = time.monotonic()

    def on_train_start(self, trainer: Any) -> None:
        self.began = self.step_began = time.monotonic()

    def on_train_batch_end(self, trainer: Any) -> None:
        self.step += 1
        now = time.monotonic()
        per_epoch = len(trainer.train_loader)
        total = per_epoch * trainer.epochs
        self.loss = sum(float(each) for each in trainer.loss_items.values())
        parts = {
            f"{name}_loss".replace("_loss_loss", "_loss"): float(each) for name, each in trainer.loss_items.items()
        }
        self.job.events.emit(
            "step",
            step=self.step,
            total_steps=total,
            epoch=round(self.step / per_epoch, 4),
            loss=self.loss,
            learning_rate=float(trainer.optimizer.param_groups[-1]["lr"]),
            samples_per_second=round(trainer.batch_size / max(1e-9, now - self.step_began), 2),
            eta_seconds=round((total - self.step) * (now - self.began) / max(1, self.step - self.first), 2),
            **parts,
            **resources_used(),
        )
        self.step_began = now
        self._judge(trainer.epoch + 1)
        if self.job.stop.agreed():
            raise _Stopped

    def _judge(self, epoch: int) -> None:
        assert self.loss is not None
        if math.isfinite(self.loss):
            self.health.seen(self.step, self.loss)
        elif epoch != self.lost_in:  # Ultralytics itself goes back to its last checkpoint, three times
            self.lost_in = epoch
            self.job.events.warning(f"the loss of step {self.step} is {self.loss}", kind="nan", step=self.step)

    def end(self) -> None:
        if self.loss is not None and not math.isfinite(self.loss):
            raise Failure(
                "diverged", f"the loss of step {self.step}, the last, is {self.loss}; lower the learning rate"
            )

    def on_fit_epoch_end(self, trainer: Any) -> None:
        epoch = trainer.epoch + 1
        if epoch <= self.told_epoch or epoch > trainer.epochs:
            return  # told once more after the last validation, of the best epoch
        self.told_epoch = epoch
        metrics = {_metric(name): float(value) for name, value in trainer.metrics.items()}
        self.job.events.emit("eval", step=self.step, epoch=epoch, fitness=_number(trainer.fitness), **metrics)

    def on_model_save(self, trainer: Any) -> None:
        progress = {"epoch": trainer.epoch + 1, "step": self.step, "loss": self.loss}

        def write(directory: Path) -> None:
            for name in KEPT:
                if (trainer.wdir / name).is_file():
                    shutil.copy(trainer.wdir / name, directory / name)
            (directory / PROGRESS_FILE).write_text(json.dumps(progress), encoding="utf-8")

        self.job.checkpoints.save(self.step, write)
        self.saved_step = self.step


def _metric(name: str) -> str:
    """metrics/mAP50-95(B) becomes map50_95, and val/box_loss eval_box_loss."""
    short = name.removeprefix("metrics/").replace("(B)", "").replace("(M)", "_mask").replace("(P)", "_pose")
    word = short.lower().replace("-", "_")
    return {"accuracy_top1": "accuracy"}.get(word, f"eval_{word.removeprefix('val/')}" if "val/" in word else word)


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _load(yolo: Any, job: Job, task: str, wanted: options.Vision, saved: Saved | None) -> Any:
    if saved is not None:
        return yolo(str(saved.directory / "last.pt"), task=task)
    name = job.run.model.name.removesuffix(".pt").removesuffix(".yaml")
    if job.run.model.weights_uri or Path(f"{name}.pt").is_file():
        return yolo(job.run.model.weights_uri or f"{name}.pt", task=task)
    suffix = "" if name.endswith(_SUFFIX[task]) else _SUFFIX[task]
    try:
        return yolo(f"{name}{suffix}.pt" if wanted.pretrained else f"{name}{suffix}.yaml", task=task)
    except Exception as error:  # whatever the name, the network or the file came up with
        if wanted.pretrained:
            raise Failure(
                "storage",
                f"the published weights {name}{suffix}.pt could not be fetched: {str(error)[:300]} Check the name and"
                " the network, give a file as model.weights_uri, or train from scratch with pretrained false",
            ) from error
        raise Failure("config", f"model.name {name} is no model of ultralytics: {str(error)[:300]}") from error


def _settings(job: Job, task: str, wanted: options.Vision, scratch: Path) -> dict[str, Any]:
    from ultralytics.cfg import DEFAULT_CFG_DICT, get_cfg

    for name in wanted.other:
        if name in _OURS:
            raise Failure("config", f"extra.{name} is said elsewhere in the job: leave it out")
        if name not in DEFAULT_CFG_DICT:
            raise Failure("config", f"unknown key extra.{name}{nearest(name, DEFAULT_CFG_DICT)}")
    numbers = job.run.hyperparameters
    settings = {
        "data": str(_dataset(job, task, scratch / "data")),
        "epochs": numbers.epochs,
        "batch": numbers.batch_size,
        "lr0": numbers.learning_rate,
        "imgsz": wanted.image_size or IMAGE_SIZE,
        "optimizer": _OPTIMIZER[wanted.optimizer],
        "weight_decay": numbers.weight_decay,
        "seed": numbers.chosen_seed,
        "device": _device(job, wanted),
        "workers": wanted.workers,
        "project": str(scratch),
        "name": "run",
        "exist_ok": True,
        "plots": False,
        "amp": job.run.method.precision != "fp32",
        "pretrained": wanted.pretrained,
        **wanted.other,
    }
    if job.saved is not None:
        settings["resume"] = str(job.saved.directory / "last.pt")
        settings["save_dir"] = str(scratch / "run")
    try:
        get_cfg(overrides=settings)
    except (TypeError, ValueError) as error:
        raise Failure("config", f"ultralytics refuses a setting: {error}") from error
    return settings


def _device(job: Job, wanted: options.Vision) -> str:
    import torch

    if not torch.cuda.is_available():
        if wanted.device not in (None, "cpu"):
            job.events.warning(f"device {wanted.device} is asked for; there is no GPU here, so the run uses the CPU")
        return "cpu"
    return "0" if wanted.device in (None, "cuda") else str(wanted.device)


def _dataset(job: Job, task: str, root: Path) -> Path:
    """The pictures and labels as Ultralytics wants them, beside the dataset and not in it: it writes there."""
    pictures = job.pictures
    if task == "classify":
        for split, part in (("train", pictures.training), ("val", pictures.validation)):
            for number, each in enumerate(part):
                folder = root / split / pictures.classes[int(each.rows[0])]
                folder.mkdir(parents=True, exist_ok=True)
                (folder / f"{number:07d}-{each.path.name}").symlink_to(each.path.absolute())
        return root
    for split, part in (("train", pictures.training), ("val", pictures.validation)):
        _labelled(part, root / "images" / split, root / "labels" / split)
    document: dict[str, Any] = {
        "path": str(root),
        "train": "images/train",
        "val": "images/val",
        "names": dict(enumerate(pictures.classes)),
    }
    if pictures.keypoints is not None:
        document["kpt_shape"] = list(pictures.keypoints)
    if pictures.mirrored:
        document["flip_idx"] = list(pictures.mirrored)
    file = root / "data.yaml"
    file.write_text(json.dumps(document), encoding="utf-8")  # JSON is YAML
    return file


def _labelled(part: Sequence[Labelled], images: Path, labels: Path) -> None:
    images.mkdir(parents=True)
    labels.mkdir(parents=True)
    for number, each in enumerate(part):
        name = f"{number:07d}-{each.path.name}"
        (images / name).symlink_to(each.path.absolute())
        (labels / name).with_suffix(".txt").write_text("".join(f"{row}\n" for row in each.rows), encoding="utf-8")


def _publish(job: Job, weights: Path, scratch: Path) -> None:
    with written(job.outputs) as made:
        (made / "weights").mkdir()
        for name in KEPT:
            if (weights / name).is_file():
                shutil.copy(weights / name, made / "weights" / name)
        for name in ("results.csv", "args.yaml"):
            if (scratch / "run" / name).is_file():
                shutil.copy(scratch / "run" / name, made / name)
        job.outputs.publish(made, "")
