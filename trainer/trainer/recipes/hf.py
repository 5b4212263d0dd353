"""Trains a causal language model from Hugging Face, whole or by an adapter.

A killed and resumed run ends with the same weights, bit by bit, as an
undisturbed one, because a step depends on nothing but the weights, the
optimizer's state and (seed, step, rank): the rows, the learning rate and the
dropout of a step are functions of those, and the number of threads, which
orders the sums, is kept in the checkpoint.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.distributed

from trainer import data, evaluation
from trainer.config import Run
from trainer.failure import Failure
from trainer.job import Finished, Interrupted, Job, Outcome
from trainer.model_place import Place
from trainer.recipes import hf_model, processes
from trainer.schedule import learning_rate

STATE_FILE = "training_state.pt"
MAX_DEFAULT_THREADS = 4


def run(job: Job) -> Outcome:
    run, events, texts, place = job.run, job.events, job.texts, job.place
    if place.local and run.extra.tokenizer_name is None:
        os.environ["HF_HUB_OFFLINE"] = "1"  # before the libraries look: nothing has to be asked of the hub
    device = _device(job)
    saved = processes.agree_on_checkpoint(job)
    state = torch.load(saved.directory / STATE_FILE, map_location="cpu", weights_only=True) if saved else None
    threads = _set_threads(job, state)
    _check_same_run(job, state)

    batch_size = run.hyperparameters.batch_size
    if batch_size < job.world.size:
        raise Failure("config", f"batch_size {batch_size} is smaller than the number of processes, {job.world.size}")

    events.phase("loading_model")
    tokenizer = hf_model.load_tokenizer(run, place)
    model = hf_model.load(run, place, saved, device)
    if run.method.gradient_checkpointing:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = _optimizer(parameters, run.hyperparameters.weight_decay)
    if state is not None:
        optimizer.load_state_dict(state["optimizer"])
    model.train()
    network = processes.distributed(model, job)
    precision = _autocast(job, device)

    order = data.Order(len(texts.training), batch_size, run.hyperparameters.chosen_seed)
    rows = _Encoded(tokenizer, texts.training, run.hyperparameters.max_sequence_length)
    held_out = _Encoded(tokenizer, texts.held_out, run.hyperparameters.max_sequence_length)
    numbers = run.hyperparameters
    total = data.total_steps(len(texts.training), batch_size, numbers.epochs, numbers.max_steps)
    warmup = run.extra.warmup_steps if run.extra.warmup_steps is not None else round(numbers.warmup_ratio * total)
    first = saved.step if saved else 0
    step, saved_step = first, first
    loss: float | None = state["loss"] if state is not None else None

    def save() -> None:
        if job.world.rank == 0:
            job.checkpoints.save(step, _writer(model, optimizer, _Progress(step, loss, threads, job.world.size), run))

    events.phase("training")
    began = time.monotonic()
    while step < total:
        if job.stop.agreed():
            if step > saved_step:
                save()
                saved_step = step
            processes.leave(job)
            return Interrupted(step, saved_step or None)
        step += 1
        step_began = time.monotonic()
        batch = [rows[index] for index in order.batch(step)]
        tokens = max(1, evaluation.predicted(batch))
        rate = learning_rate(run.extra.lr_scheduler_type, numbers.learning_rate, warmup, total, step)
        for group in optimizer.param_groups:
            group["lr"] = rate

        summed = torch.zeros((), device=device)
        micro_batches = _micro_batches(batch, job)
        for index, micro_batch in enumerate(micro_batches):
            last = index == len(micro_batches) - 1
            torch.manual_seed(_dropout_seed(numbers.chosen_seed, step, job.world.rank, index))
            with processes.gradients_meet(network, last), precision():
                micro_loss = evaluation.summed_loss(network, micro_batch, device)
                # DistributedDataParallel averages gradients; the loss of a step
                # is per token of the whole batch, so the average is undone.
                (micro_loss * (job.world.size / tokens)).backward()  # type: ignore[no-untyped-call]
            summed += micro_loss.detach()
        gradient_norm = torch.nn.utils.clip_grad_norm_(parameters, run.extra.max_grad_norm)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        if job.world.size > 1:
            torch.distributed.all_reduce(summed)
        loss = float(summed) / tokens

        now = time.monotonic()
        events.emit(
            "step",
            step=step,
            total_steps=total,
            epoch=round(step * batch_size / len(texts.training), 4),
            loss=loss,
            learning_rate=rate,
            grad_norm=float(gradient_norm),
            tokens_per_second=round(tokens / (now - step_began), 1),
            eta_seconds=round((total - step) * (now - began) / (step - first), 2),
        )
        if loss - loss != 0:
            raise Failure("internal", f"the loss of step {step} is {loss}; lower the learning rate", retryable=False)
        if step % run.checkpoint_every == 0 or step == total:
            save()
            saved_step = step
        if run.extra.eval_steps and step % run.extra.eval_steps == 0 and step < total:
            _evaluate(job, model, held_out, device, precision, step)

    events.phase("finalizing")
    _evaluate(job, model, held_out, device, precision, step)
    if job.world.rank == 0:
        _publish(job, model, tokenizer, place)
    processes.leave(job)
    return Finished(step, loss)


class _Encoded:
    """Rows of tokens, made when first asked for: a run's first step must not wait for all of them."""

    def __init__(self, tokenizer: Any, texts: tuple[str, ...], max_length: int) -> None:
        self._tokenizer = tokenizer
        self._texts = texts
        self._max_length = max_length
        self._made: dict[int, list[int]] = {}

    def __len__(self) -> int:
        return len(self._texts)

    def __getitem__(self, index: int) -> list[int]:
        if index not in self._made:
            self._made[index] = evaluation.encode(self._tokenizer, self._texts[index], self._max_length)
        return self._made[index]


@dataclass(frozen=True)
class _Progress:
    step: int
    loss: float | None
    threads: int
    world_size: int


def _writer(model: Any, optimizer: torch.optim.Optimizer, at: _Progress, run: Run) -> Callable[[Path], None]:
    def write(directory: Path) -> None:
        hf_model.save(model, directory)
        state = {**vars(at), "method": run.method.kind, "optimizer": optimizer.state_dict()}
        torch.save(state, directory / STATE_FILE)

    return write


def _publish(job: Job, model: Any, tokenizer: Any, place: Place) -> None:
    scratch = job.outputs.scratch()
    hf_model.save(model, scratch)
    hf_model.save_tokenizer(tokenizer, place, scratch)
    job.outputs.publish(scratch, "")
    shutil.rmtree(scratch, ignore_errors=True)


def _evaluate(
    job: Job,
    model: Any,
    held_out: _Encoded,
    device: torch.device,
    precision: Callable[[], contextlib.AbstractContextManager[Any]],
    step: int,
) -> None:
    if len(held_out) == 0:
        return
    mine = [held_out[index] for index in range(job.world.rank, len(held_out), job.world.size)]
    with precision():
        summed, tokens = evaluation.loss_and_tokens(model, mine, job.run.extra.eval_batch_size, device)
    both = torch.tensor([summed, tokens], dtype=torch.float64, device=device)
    if job.world.size > 1:
        torch.distributed.all_reduce(both)
    job.events.emit("eval", step=step, eval_loss=float(both[0] / both[1].clamp(min=1)))


def _micro_batches(batch: list[list[int]], job: Job) -> list[list[list[int]]]:
    """This process's rows of the step, in pieces that fit one forward pass; as many pieces on every rank."""
    size, world = len(batch), job.world
    mine = batch[world.rank :: world.size]
    per_rank = -(-size // world.size)
    piece = job.run.hyperparameters.micro_batch_size or -(-per_rank // job.run.extra.gradient_accumulation)
    starts = range(0, per_rank, piece)
    # A rank whose share is shorter repeats a token that predicts nothing, so
    # that every rank takes part in every exchange of gradients.
    return [mine[start : start + piece] or [[0]] for start in starts]


def _dropout_seed(seed: int, step: int, rank: int, micro_step: int) -> int:
    return hash((seed, step, rank, micro_step)) & 0x7FFF_FFFF_FFFF_FFFF  # hashes of whole numbers do not vary


def _optimizer(parameters: list[torch.nn.Parameter], weight_decay: float) -> torch.optim.Optimizer:
    groups = [
        # Norms and biases are scales, not connections: shrinking them does harm.
        {"params": [each for each in parameters if each.ndim >= 2], "weight_decay": weight_decay},
        {"params": [each for each in parameters if each.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW([group for group in groups if group["params"]], fused=True)


def _device(job: Job) -> torch.device:
    if torch.cuda.is_available():
        # Without these two, sums on a GPU come out in a different order each time.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True, warn_only=True)
        torch.cuda.set_device(job.world.local_rank)
        return torch.device("cuda", job.world.local_rank)
    if job.run.method.precision in ("bf16", "fp16"):
        job.events.warning(f"precision {job.run.method.precision} is asked for; on this CPU the run uses fp32")
    return torch.device("cpu")


def _autocast(job: Job, device: torch.device) -> Callable[[], contextlib.AbstractContextManager[Any]]:
    if device.type == "cpu" or job.run.method.precision == "fp32":
        return contextlib.nullcontext
    if job.run.method.precision == "fp16":
        job.events.warning("precision fp16 runs as bf16, which needs no loss scaling")
    return lambda: torch.autocast("cuda", dtype=torch.bfloat16)


def _set_threads(job: Job, state: dict[str, Any] | None) -> int:
    """The number of threads decides the order of sums, so a run keeps the one that it began with."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    default = max(1, min(MAX_DEFAULT_THREADS, cores // job.world.local_size))
    threads = job.run.extra.threads or (int(state["threads"]) if state else default)
    torch.set_num_threads(threads)
    return threads


def _check_same_run(job: Job, state: dict[str, Any] | None) -> None:
    if state is None:
        return
    if state["method"] != job.run.method.kind:
        raise Failure(
            "config",
            f"the checkpoint at {job.checkpoints.storage.uri} is of method {state['method']}, this run is of method"
            f" {job.run.method.kind}; use another checkpoints.uri, or checkpoints.resume false",
        )
    threads = torch.get_num_threads()
    for what, before, now in (
        ("threads", state["threads"], threads),
        ("processes", state["world_size"], job.world.size),
    ):
        if before != now:
            job.events.warning(f"resumed with {now} {what} after {before}: equal to rounding, not bit by bit")
