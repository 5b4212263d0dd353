"""Trains by PyTorch Lightning, which NeMo's own training flow is made of.

Lightning keeps the loop, the precision and the processes; what a step reads is
keyed by its number as in the other recipes. Lightning's own way of going on in
the middle of an epoch reads the rows from the beginning again, so a resumed run
is a new fit of the steps that are left, with the weights and the optimizer of
the checkpoint.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from typing import Any

import pytorch_lightning as lightning
import torch
import torch.utils.data
from pytorch_lightning.plugins.environments import LightningEnvironment, TorchElasticEnvironment

from trainer.job import Finished, Interrupted, Job, Outcome
from trainer.recipes import hf_model, hub, options, processes, steps
from trainer.recipes.hf_rows import Row
from trainer.storage import written

CHECKPOINT_FILE = "model.ckpt"
OURS = "trainyard"  # the key of a checkpoint under which lies what Lightning does not keep
_PRECISION = {"bf16": "bf16-mixed", "fp16": "16-mixed", "fp32": "32-true"}

State = dict[str, Any]
Batch = steps.Batch


def run(job: Job) -> Outcome:
    hub.prepare(job)
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # the processes that make batches are forks
    warnings.filterwarnings("ignore", module="pytorch_lightning")  # hints about settings that are meant
    device = steps.device(job)
    saved = processes.agree_on_checkpoint(job)
    state: State | None = None
    if saved is not None:
        state = torch.load(saved.directory / CHECKPOINT_FILE, map_location="cpu", weights_only=True)
    threads = steps.threads(job, state[OURS]["threads"] if state else None)
    steps.check_same_run(job, state[OURS] if state else None)
    job.events.phase("loading_model")
    tokenizer = hf_model.load_tokenizer(job.run, job.place)
    data = steps.read(job, tokenizer)
    plan = steps.plan(job, len(data.training))
    module = _Module(job, plan, device, state)
    first = saved.step if saved else 0
    loop = _Loop(job, plan, first, threads, data)
    trainer = _trainer(job, plan, first, loop)
    job.checkpoints.release(saved)
    job.events.phase("training")
    if first < plan.total and not job.stop.agreed():
        trainer.fit(module, _batches(job, plan, first, data))
    if loop.step < plan.total:
        loop.save(trainer, module)
        processes.leave(job)
        return Interrupted(loop.step, loop.saved_step or None)
    loss = module.loss if module.loss is not None or state is None else state[OURS]["loss"]
    job.events.phase("finalizing")
    loop.evaluate(trainer, module)
    _publish(job, module, tokenizer)
    processes.leave(job)
    return Finished(loop.step, loss)


class _Module(lightning.LightningModule):  # type: ignore[misc]
    """The model, how a batch becomes a loss, and the optimizer."""

    def __init__(self, job: Job, plan: steps.Plan, device: torch.device, state: State | None) -> None:
        super().__init__()
        self.strict_loading = False
        self.job = job
        self.plan = plan
        self.state = state
        self.network = steps.model(job, device)
        if state is not None:
            self.load_state_dict(state["state_dict"], strict=job.run.method.kind == "full")
        self.network.train()
        self.loss: float | None = None
        self.summed = torch.zeros((), device=device)
        self.gradient_norm = 0.0
        self.tokens = 1

    def training_step(self, batch: Batch, index: int) -> torch.Tensor:
        summed = steps.summed_loss(self.network, batch, self.device)
        self.summed += summed.detach()
        # Lightning averages over the pieces of a step and over the processes;
        # the loss of a step is per token of the whole batch, so that is undone.
        whole: torch.Tensor = summed * (self.job.world.size * self.trainer.accumulate_grad_batches / self.tokens)
        return whole

    def configure_gradient_clipping(self, optimizer: Any, *limits: Any, **named: Any) -> None:
        trained = [each for each in self.network.parameters() if each.requires_grad]
        norm = torch.nn.utils.clip_grad_norm_(trained, self.job.run.extra.max_grad_norm)
        self.gradient_norm = float(norm)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        trained = [each for each in self.network.parameters() if each.requires_grad]
        optimizer = steps.optimizer(trained, self.job.run.hyperparameters.weight_decay)
        if self.state is not None:
            optimizer.load_state_dict(self.state["optimizer_states"][0])
        return optimizer

    def on_save_checkpoint(self, checkpoint: State) -> None:
        if self.job.run.method.kind != "full":
            # The frozen base lies where it was read from.
            trained = {name for name, each in self.named_parameters() if each.requires_grad}
            checkpoint["state_dict"] = {
                name: each for name, each in checkpoint["state_dict"].items() if name in trained
            }


class _Loop(lightning.Callback):  # type: ignore[misc]
    """What happens around a step: its learning rate and its seed, the events, checkpoints, the wish to stop."""

    def __init__(self, job: Job, plan: steps.Plan, first: int, threads: int, data: steps.Data) -> None:
        self.job = job
        self.plan = plan
        self.step = first
        self.saved_step = first
        self.threads = threads
        self.teller = steps.Teller(job, plan, first)
        self.data = data
        self.batch: list[Row] = []

    def on_train_start(self, trainer: Any, module: _Module) -> None:
        # Lightning has put its own handler before ours by now, which leaves without saving.
        self.job.stop.install()

    def on_train_batch_start(self, trainer: Any, module: _Module, batch: Any, index: int) -> None:
        piece = index % trainer.accumulate_grad_batches
        if piece == 0:
            module.summed.zero_()
            self.batch = [self.data.training[each] for each in self.plan.order.batch(self.step + 1)]
            module.tokens = max(1, steps.predicted(self.batch))
            for group in trainer.optimizers[0].param_groups:
                group["lr"] = self.plan.rate(self.step + 1)
        torch.manual_seed(self.plan.dropout_seed(self.step + 1, self.job.world.rank, piece))

    def on_train_batch_end(self, trainer: Any, module: _Module, outputs: Any, batch: Any, index: int) -> None:
        if (index + 1) % trainer.accumulate_grad_batches:
            return
        self.step += 1
        if self.job.world.size > 1:
            torch.distributed.all_reduce(module.summed)
        module.loss = float(module.summed) / module.tokens
        self.teller.step(self.step, module.loss, module.gradient_norm, samples=len(self.batch), tokens=module.tokens)
        if self.step % self.job.run.checkpoint_every == 0 or self.step == self.plan.total:
            self.save(trainer, module)
        every = self.job.run.extra.eval_steps
        if every and self.step % every == 0 and self.step < self.plan.total:
            self.evaluate(trainer, module)
        if self.step < self.plan.total and self.job.stop.agreed():
            trainer.should_stop = True

    def save(self, trainer: Any, module: _Module) -> None:
        """Every process takes part, and Lightning lets rank 0 write."""
        if self.step == self.saved_step:
            return
        if self.job.world.rank == 0:
            self.job.checkpoints.save(self.step, lambda to: trainer.save_checkpoint(to / CHECKPOINT_FILE))
        else:
            trainer.save_checkpoint(CHECKPOINT_FILE)
        self.saved_step = self.step

    def on_save_checkpoint(self, trainer: Any, module: _Module, checkpoint: State) -> None:
        checkpoint[OURS] = {
            "step": self.step,
            "loss": module.loss,
            "threads": self.threads,
            "world_size": self.job.world.size,
            "method": self.job.run.method.kind,
        }

    def on_fit_start(self, trainer: Any, module: _Module) -> None:
        scaling = type(trainer.precision_plugin).__qualname__  # what fp16 has learnt of the size of gradients
        if module.state is not None and scaling in module.state:
            trainer.precision_plugin.load_state_dict(module.state[scaling])

    def evaluate(self, trainer: Any, module: _Module) -> None:
        plugin = trainer.precision_plugin
        steps.evaluate(self.job, module.network, self.data, module.device, plugin.forward_context, self.step)


class _Rows(torch.utils.data.Dataset[Batch]):
    """Position p is piece p % pieces of step p // pieces + 1, as this process has it."""

    def __init__(self, job: Job, plan: steps.Plan, data: steps.Data) -> None:
        self.job = job
        self.plan = plan
        self.data = data
        self.pieces = _pieces(job, plan)

    def __getitem__(self, position: int) -> Batch:
        step, piece = divmod(position, self.pieces)
        batch = [self.data.training[index] for index in self.plan.order.batch(step + 1)]
        return self.data.collate(steps.micro_batches(self.job, batch)[piece])


class _Rest(torch.utils.data.Sampler[int]):
    """The positions from one on, in order."""

    def __init__(self, first: int, end: int) -> None:
        self.range = range(first, end)

    def __iter__(self) -> Iterator[int]:
        return iter(self.range)

    def __len__(self) -> int:
        return len(self.range)


def _pieces(job: Job, plan: steps.Plan) -> int:
    return len(steps.micro_batches(job, [steps.NOTHING] * plan.batch_size))


def _batches(job: Job, plan: steps.Plan, first: int, data: steps.Data) -> Any:
    pieces = _pieces(job, plan)
    workers = options.nemo(job.run).dataloader_workers

    def begin(_: int) -> None:
        job.events.leave_to_parent()

    return torch.utils.data.DataLoader(
        _Rows(job, plan, data),
        batch_size=None,  # a position is a batch already
        sampler=_Rest(first * pieces, plan.total * pieces),
        num_workers=workers,
        worker_init_fn=begin if workers else None,
        pin_memory=torch.cuda.is_available(),
    )


def _trainer(job: Job, plan: steps.Plan, first: int, loop: _Loop) -> Any:
    world = job.world
    precision = _PRECISION.get(job.run.method.precision, "32-true")
    if not torch.cuda.is_available() and precision == "16-mixed":
        job.events.warning("precision fp16 is asked for; on this CPU the run uses fp32")
        precision = "32-true"
    return lightning.Trainer(
        accelerator="cuda" if torch.cuda.is_available() else "cpu",
        devices=world.local_size,
        num_nodes=max(1, world.size // world.local_size),
        strategy="ddp" if world.size > 1 else "auto",
        plugins=[TorchElasticEnvironment() if world.size > 1 else LightningEnvironment()],
        precision=precision,
        max_epochs=-1,
        max_steps=max(1, plan.total - first),
        accumulate_grad_batches=_pieces(job, plan),
        gradient_clip_val=job.run.extra.max_grad_norm,
        use_distributed_sampler=False,
        callbacks=[loop],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )


def _publish(job: Job, module: _Module, tokenizer: Any) -> None:
    if job.world.rank != 0:
        return
    with written(job.outputs) as scratch:
        hf_model.save(module.network, scratch)
        hf_model.save_tokenizer(tokenizer, job.place, scratch)
        job.outputs.publish(scratch, "")
