"""What the visible training loops of the text recipes share.

A killed and resumed run ends with the same weights, bit by bit, as an
undisturbed one, because a step depends on nothing but the weights, the
optimizer's state and (seed, step, rank): the rows, the learning rate and the
dropout of a step are functions of those, and the number of threads, which
orders the sums, is kept in the checkpoint.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.distributed
import torch.nn.functional as functional

from trainer import data, evaluation
from trainer.examples import Streamed
from trainer.failure import Failure
from trainer.health import Health, resources_used
from trainer.job import Job
from trainer.recipes import hf_model
from trainer.recipes.hf_rows import Collator, Encoder, Packed, Row, Rows
from trainer.schedule import learning_rate

MAX_DEFAULT_THREADS = 4
# A row that predicts nothing. A process whose share of a batch is shorter takes
# part in every exchange all the same, or the others would wait for it for ever.
NOTHING: Row = {"input_ids": [0], "labels": [evaluation.IGNORED], "position_ids": [0]}

Batch = dict[str, torch.Tensor]
Precision = Callable[[], contextlib.AbstractContextManager[Any]]


@dataclass(frozen=True)
class Data:
    """Rows of tokens and labels, made when first asked for, and how some of them become tensors."""

    training: Any  # rows by their number, as are those held out
    held_out: Any
    collate: Collator


def read(job: Job, tokenizer: Any) -> Data:
    run, examples = job.run, job.examples
    training = examples.training
    if isinstance(training, Streamed):
        job.events.warning("the rows are held in memory: only hf jobs stream")
        training = list(training.read())
    encoder = Encoder(tokenizer, run.extra, run.hyperparameters.max_sequence_length)
    rows = Rows(encoder, training)
    packed = Packed(rows, run.hyperparameters.max_sequence_length) if run.extra.packing else rows
    return Data(packed, Rows(encoder, examples.held_out), Collator(tokenizer))


def model(job: Job, device: torch.device) -> Any:
    loaded = hf_model.load(job.run, job.place, None, device)
    if job.run.method.gradient_checkpointing:
        loaded.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    return loaded


def predicted(rows: Sequence[Row]) -> int:
    """How many tokens of the rows are learnt to predict; each row's first has nothing before it."""
    return sum(label != evaluation.IGNORED for row in rows for label in row["labels"][1:])


def summed_loss(network: Any, batch: Batch, device: torch.device) -> torch.Tensor:
    """Cross-entropy summed over every predicted token of the batch."""
    labels = batch["labels"].to(device)
    inputs = {name: each.to(device) for name, each in batch.items() if name != "labels"}
    logits = network(**inputs, use_cache=False).logits[:, :-1]
    return functional.cross_entropy(
        logits.reshape(-1, logits.shape[-1]).float(),
        labels[:, 1:].reshape(-1),
        ignore_index=evaluation.IGNORED,
        reduction="sum",
    )


@dataclass(frozen=True)
class Plan:
    """Which rows and which learning rate belong to a step: pure functions, with nothing to save."""

    rows: int
    batch_size: int
    total: int
    warmup: int
    peak: float
    schedule: str
    seed: int
    order: data.Order

    def rate(self, step: int) -> float:
        return learning_rate(self.schedule, self.peak, self.warmup, self.total, step)

    def epoch(self, step: int) -> float:
        return round(step * self.batch_size / self.rows, 4)

    def epoch_ended_by(self, step: int) -> int | None:
        """The last step ends one too, be it whole or not."""
        before, now = ((each * self.batch_size) // self.rows for each in (step - 1, step))
        return max(1, now) if now > before or step == self.total else None

    def dropout_seed(self, step: int, rank: int, micro_step: int = 0) -> int:
        # The hash of whole numbers does not vary between processes, unlike that of text.
        return hash((self.seed, step, rank, micro_step)) & 0x7FFF_FFFF_FFFF_FFFF


def plan(job: Job, rows: int) -> Plan:
    numbers, extra = job.run.hyperparameters, job.run.extra
    if numbers.batch_size < job.world.size:
        raise Failure(
            "config",
            f"batch_size {numbers.batch_size} is smaller than the number of processes, {job.world.size}",
        )
    total = data.total_steps(rows, numbers.batch_size, numbers.epochs, numbers.max_steps)
    warmup = extra.warmup_steps if extra.warmup_steps is not None else round(numbers.warmup_ratio * total)
    seed = numbers.chosen_seed
    order = data.Order(rows, numbers.batch_size, seed)
    return Plan(rows, numbers.batch_size, total, warmup, numbers.learning_rate, extra.lr_scheduler_type, seed, order)


@dataclass
class Teller:
    """Tells each step, and what a loss that is not a number means."""

    job: Job
    plan: Plan
    first: int
    began: float = field(default_factory=time.monotonic)
    step_began: float = field(default_factory=time.monotonic)
    health: Health = field(init=False)

    def __post_init__(self) -> None:
        self.health = Health(self.job.events)

    def step(self, step: int, loss: float, gradient_norm: float, *, samples: int, tokens: int | None = None) -> None:
        now = time.monotonic()
        seconds = max(1e-9, now - self.step_began)
        taken = step - self.first
        self.job.events.emit(
            "step",
            step=step,
            total_steps=self.plan.total,
            epoch=self.plan.epoch(step),
            loss=loss,
            learning_rate=self.plan.rate(step),
            grad_norm=gradient_norm,
            tokens_per_second=None if tokens is None else round(tokens / seconds, 1),
            samples_per_second=round(samples / seconds, 2),
            eta_seconds=round((self.plan.total - step) * (now - self.began) / max(1, taken), 2),
            **resources_used(),
        )
        self.step_began = now
        self.health.seen(step, loss)


def micro_batches(job: Job, batch: list[Row]) -> list[list[Row]]:
    """This process's rows of the step, in pieces that fit one forward pass; as many pieces on every rank."""
    mine = batch[job.world.rank :: job.world.size]
    per_rank = -(-len(batch) // job.world.size)
    piece = job.run.hyperparameters.micro_batch_size or -(-per_rank // job.run.extra.gradient_accumulation)
    return [mine[start : start + piece] or [NOTHING] for start in range(0, per_rank, piece)]


def evaluate(job: Job, network: Any, data: Data, device: torch.device, precision: Precision, step: int) -> None:
    """Tells the loss per token of the rows held out. Every process takes as many forward passes as the others."""
    count = len(data.held_out)
    if count == 0:
        return
    size, world = job.run.extra.eval_batch_size, job.world
    mine = [data.held_out[index] for index in range(world.rank, count, world.size)]
    longest_share = -(-count // world.size)
    both = torch.zeros(2, dtype=torch.float64, device=device)
    hf_model.rest(network)
    with torch.no_grad(), precision():
        for start in range(0, longest_share, size):
            rows = mine[start : start + size] or [NOTHING]
            both[0] += summed_loss(network, data.collate(rows), device)
            both[1] += predicted(rows)
    network.train()
    if world.size > 1:
        torch.distributed.all_reduce(both)
    job.events.emit("eval", step=step, eval_loss=float(both[0] / both[1].clamp(min=1)))


def optimizer(parameters: Sequence[torch.nn.Parameter], weight_decay: float) -> torch.optim.Optimizer:
    groups = [
        # Norms and biases are scales, not connections: shrinking them does harm.
        {"params": [each for each in parameters if each.ndim >= 2], "weight_decay": weight_decay},
        {"params": [each for each in parameters if each.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW([group for group in groups if group["params"]], fused=True)


def device(job: Job) -> torch.device:
    if torch.cuda.is_available():
        # Without these two, sums on a GPU come out in a different order each time.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True, warn_only=True)
        torch.cuda.set_device(job.world.local_rank)
        return torch.device("cuda", job.world.local_rank)
    return torch.device("cpu")


def autocast(job: Job, device: torch.device) -> Precision:
    if device.type == "cpu" or job.run.method.precision == "fp32":
        if job.run.method.precision in ("bf16", "fp16"):
            job.events.warning(f"precision {job.run.method.precision} is asked for; on this CPU the run uses fp32")
        return contextlib.nullcontext
    if job.run.method.precision == "fp16":
        job.events.warning("precision fp16 runs as bf16, which needs no loss scaling")
    return lambda: torch.autocast("cuda", dtype=torch.bfloat16)


def threads(job: Job, before: int | None) -> int:
    """The number of threads decides the order of sums, so a run keeps the one that it began with."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    granted = os.environ.get("OMP_NUM_THREADS", "")  # how many the control plane, or torchrun, has for this process
    default = int(granted) if granted.isdecimal() else min(MAX_DEFAULT_THREADS, cores // job.world.local_size)
    chosen = job.run.extra.threads or before or max(1, default)
    torch.set_num_threads(chosen)
    return chosen


def check_same_run(job: Job, before: dict[str, Any] | None) -> None:
    """`before` is what the checkpoint says of the run that made it: method, threads, world_size."""
    if before is None:
        return
    if before["method"] != job.run.method.kind:
        raise Failure(
            "config",
            f"the checkpoint at {job.checkpoints.storage.uri} is of method {before['method']}, this run is of method"
            f" {job.run.method.kind}; use another checkpoints.uri, or checkpoints.resume false",
        )
    now = {"threads": torch.get_num_threads(), "world_size": job.world.size}
    for name, word in (("threads", "threads"), ("world_size", "processes")):
        if before[name] != now[name]:
            job.events.warning(
                f"resumed with {now[name]} {word} after {before[name]}: equal to rounding, not bit by bit"
            )
