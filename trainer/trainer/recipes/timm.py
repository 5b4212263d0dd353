"""Trains image classifiers of timm, from scratch or from their published weights.

As in the text recipes a step is a function of its number: which pictures it
takes, how each is cropped and flipped, and its learning rate. So a resumed run
ends with the same weights as an undisturbed one.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import torch
import torch.distributed
import torch.nn.functional as functional
import torch.utils.data

from trainer.failure import Failure
from trainer.job import Finished, Interrupted, Job, Outcome
from trainer.labels import Labelled
from trainer.recipes import options, processes, steps
from trainer.storage import written

STATE_FILE = "state.pt"
BEST_FILE = "best.safetensors"
IMAGE_SIZE = 224
State = dict[str, Any]


def run(job: Job) -> Outcome:
    device = _device(job)
    saved = processes.agree_on_checkpoint(job)
    state: State | None = None
    if saved is not None:
        state = torch.load(saved.directory / STATE_FILE, map_location="cpu", weights_only=True)
    threads = steps.threads(job, state["threads"] if state else None)
    steps.check_same_run(job, state)
    job.events.phase("loading_model")
    training = _Training(job, device, state)
    if saved is not None and (saved.directory / BEST_FILE).is_file():
        from safetensors.torch import load_file

        training.best = load_file(saved.directory / BEST_FILE)
    job.checkpoints.release(saved)
    step = saved_step = saved.step if saved else 0
    teller = steps.Teller(job, training.plan, step)
    job.events.phase("training")
    batches = iter(training.batches(step)) if step < training.plan.total else iter(())
    while step < training.plan.total:
        if job.stop.agreed():
            if step > saved_step:
                training.save(step, threads)
                saved_step = step
            processes.leave(job)
            return Interrupted(step, saved_step or None)
        step += 1
        loss, norm = training.take(step, *next(batches))
        teller.step(step, loss, norm, samples=training.plan.batch_size)
        epoch = training.plan.epoch_ended_by(step)
        if epoch is not None:
            training.judge(step, epoch)
        due = job.run.checkpoints.every_steps
        if epoch is not None or (due and step % due == 0):
            training.save(step, threads)
            saved_step = step
    job.events.phase("finalizing")
    training.publish()
    processes.leave(job)
    return Finished(step, training.loss)


def _device(job: Job) -> torch.device:
    asked, found = options.vision(job.run).device, steps.device(job)
    if asked == "cpu":
        return torch.device("cpu")
    if asked is not None and found.type == "cpu":
        job.events.warning(f"device {asked} is asked for; there is no GPU here, so the run uses the CPU")
    return found


class _Training:
    """The model with its optimizer, and the best that it has been."""

    def __init__(self, job: Job, device: torch.device, state: State | None) -> None:
        self.job = job
        self.device = device
        self.wanted = options.vision(job.run)
        self.model = _model(job, self.wanted, state is None).to(device)
        self.plan = steps.plan(job, len(job.pictures.training))
        self.network = processes.distributed(self.model, job)
        self.optimizer = _optimizer(self.model, self.wanted.optimizer, job.run.hyperparameters.weight_decay)
        self.precision = steps.autocast(job, device)
        self.loss: float | None = None
        self.best: State | None = None
        self.best_accuracy = -1.0
        if state is not None:
            self.model.load_state_dict(state["model"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.loss, self.best_accuracy = state["loss"], state["best_accuracy"]

    def batches(self, first: int) -> Any:
        size = self.wanted.image_size or IMAGE_SIZE
        workers = self.wanted.workers
        return torch.utils.data.DataLoader(
            _Steps(self.job, self.plan, _transform(self.model, size, training=True)),
            batch_size=None,  # a step is a batch already
            sampler=range(first + 1, self.plan.total + 1),
            num_workers=workers,
            worker_init_fn=self._begin_worker if workers else None,
            pin_memory=self.device.type == "cuda",
        )

    def take(self, step: int, pictures: torch.Tensor, classes: torch.Tensor) -> tuple[float, float]:
        """The loss per picture of the whole batch, and the norm of its gradient."""
        self.network.train()
        for group in self.optimizer.param_groups:
            group["lr"] = self.plan.rate(step)
        torch.manual_seed(self.plan.dropout_seed(step, self.job.world.rank))
        with self.precision():
            logits = self.network(pictures.to(self.device))
        summed = functional.cross_entropy(logits.float(), classes.to(self.device), reduction="sum")
        # Gradients are averaged over the processes; the loss is per picture of the whole batch.
        (summed * (self.job.world.size / self.plan.batch_size)).backward()  # type: ignore[no-untyped-call]
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.job.run.extra.max_grad_norm)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        whole = summed.detach()
        if self.job.world.size > 1:
            torch.distributed.all_reduce(whole)
        self.loss = float(whole) / self.plan.batch_size
        return self.loss, float(norm)

    @torch.no_grad()
    def judge(self, step: int, epoch: int) -> None:
        """Tells how well the pictures held out are recognised, and keeps the best model so far."""
        self.network.eval()
        pictures, world = self.job.pictures.validation, self.job.world
        transform = _transform(self.model, self.wanted.image_size or IMAGE_SIZE, training=False)
        sums = torch.zeros(4, dtype=torch.float64, device=self.device)
        mine = pictures[world.rank :: world.size]
        size = max(1, self.job.run.hyperparameters.batch_size // world.size)
        for start in range(0, len(mine), size):
            opened, classes = _opened(mine[start : start + size], transform)
            classes = classes.to(self.device)
            logits = self.model(opened.to(self.device)).float()
            ranked = logits.topk(min(5, logits.shape[1]), dim=1).indices.eq(classes[:, None])
            sums[0] += functional.cross_entropy(logits, classes, reduction="sum")
            sums[1] += ranked[:, 0].sum()
            sums[2] += ranked.sum()
            sums[3] += len(classes)
        if world.size > 1:
            torch.distributed.all_reduce(sums)
        loss, accuracy, top5 = (float(each / sums[3]) for each in sums[:3])
        if accuracy > self.best_accuracy:
            self.best_accuracy = accuracy
            self.best = {name: each.detach().cpu().clone() for name, each in self.model.state_dict().items()}
        self.job.events.emit(
            "eval",
            step=step,
            epoch=epoch,
            eval_loss=loss,
            accuracy=accuracy,
            top5_accuracy=top5,
            best_accuracy=self.best_accuracy,
        )

    def save(self, step: int, threads: int) -> None:
        if self.job.world.rank != 0:
            return
        state = {
            "step": step,
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "loss": self.loss,
            "best_accuracy": self.best_accuracy,
            "threads": threads,
            "world_size": self.job.world.size,
            "method": self.job.run.method.kind,
        }

        def write(directory: Path) -> None:
            from safetensors.torch import save_file

            torch.save(state, directory / STATE_FILE)
            if self.best is not None:
                save_file(self.best, directory / BEST_FILE)

        self.job.checkpoints.save(step, write)

    def publish(self) -> None:
        """The best and the last weights, and what is needed to use them."""
        if self.job.world.rank != 0:
            return
        from safetensors.torch import save_file

        last = {name: each.detach().cpu().contiguous() for name, each in self.model.state_dict().items()}
        document = {
            "architecture": self.job.run.model.name,
            "num_classes": len(self.job.pictures.classes),
            "label_names": list(self.job.pictures.classes),
            "image_size": self.wanted.image_size or IMAGE_SIZE,
            "best_accuracy": self.best_accuracy,
        }
        with written(self.job.outputs) as scratch:
            (scratch / "weights").mkdir()
            save_file(last, scratch / "weights" / "last.safetensors")
            save_file(self.best or last, scratch / "weights" / BEST_FILE)
            (scratch / "config.json").write_text(json.dumps(document, indent=2), encoding="utf-8")
            self.job.outputs.publish(scratch, "")

    def _begin_worker(self, _: int) -> None:
        self.job.events.leave_to_parent()


class _Steps(torch.utils.data.Dataset[tuple[torch.Tensor, torch.Tensor]]):
    """By its number, the pictures that this process takes in a step."""

    def __init__(self, job: Job, plan: steps.Plan, transform: Any) -> None:
        self.job = job
        self.plan = plan
        self.transform = transform

    def __getitem__(self, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        world = self.job.world
        rows = self.plan.order.batch(step)[world.rank :: world.size]
        # How a picture is cropped and flipped is drawn from both.
        seed = self.plan.dropout_seed(step, world.rank, 1)
        random.seed(seed)
        torch.manual_seed(seed)
        return _opened([self.job.pictures.training[row] for row in rows], self.transform)


def _opened(pictures: Any, transform: Any) -> tuple[torch.Tensor, torch.Tensor]:
    return (
        torch.stack([_picture(each, transform) for each in pictures]),
        torch.tensor([int(each.rows[0]) for each in pictures]),
    )


def _picture(picture: Labelled, transform: Any) -> torch.Tensor:
    from PIL import Image

    try:
        with Image.open(picture.path) as opened:
            made: torch.Tensor = transform(opened.convert("RGB"))
            return made
    except (OSError, ValueError, SyntaxError) as error:
        raise Failure("data", f"picture {picture.path} cannot be read: {error}") from error


def _transform(model: Any, size: int, *, training: bool) -> Any:
    from timm.data import create_transform, resolve_data_config

    settings = resolve_data_config({}, model=model)
    return create_transform(
        input_size=(3, size, size), is_training=training, mean=settings["mean"], std=settings["std"]
    )


def _model(job: Job, wanted: options.Vision, fresh: bool) -> Any:
    import timm

    name, count = job.run.model.name, len(job.pictures.classes)
    if wanted.num_classes not in (None, count):
        job.events.warning(f"num_classes {wanted.num_classes} is asked for; the dataset has {count}, which holds")
    if not timm.is_model(name):
        near = timm.list_models(f"*{name.split('_')[0]}*")[:3]
        hint = f"; did you mean {', '.join(near)}?" if near else ""
        raise Failure("config", f"model.name {name} is no model of timm{hint}")
    torch.manual_seed(job.run.hyperparameters.chosen_seed)
    weights = job.run.model.weights_uri
    try:
        options_of = {"pretrained_cfg_overlay": {"file": weights}} if weights else {}
        # Weights that a checkpoint replaces anyway are not fetched.
        return timm.create_model(name, pretrained=wanted.pretrained and fresh, num_classes=count, **options_of)
    except Exception as error:  # whatever the hub, the network or the file came up with
        raise Failure(
            "storage",
            f"the published weights of {name} could not be loaded: {str(error)[:300]} Check the network, give a file"
            " as model.weights_uri, or train from scratch with extra.pretrained false",
        ) from error


def _optimizer(model: Any, kind: str, weight_decay: float) -> torch.optim.Optimizer:
    parameters = [each for each in model.parameters() if each.requires_grad]
    if kind == "sgd":
        return torch.optim.SGD(parameters, lr=0.0, momentum=0.9, weight_decay=weight_decay)
    adam = torch.optim.AdamW if kind == "adamw" else torch.optim.Adam
    return adam(parameters, lr=0.0, weight_decay=weight_decay)
