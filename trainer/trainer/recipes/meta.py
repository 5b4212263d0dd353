"""Trains in plain PyTorch: on several processes each holds a part of the model (FSDP2), or the whole (DDP).

A checkpoint is one file that any number of processes can go on from. It holds
the whole model and optimizer, by the names of the parameters, and only tensors
and numbers, so that it is read with weights_only=True.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import torch
import torch.distributed

from trainer import checkpoint
from trainer.job import Finished, Interrupted, Job, Outcome
from trainer.recipes import hf_model, hub, options, processes, steps
from trainer.recipes.hf_rows import Row
from trainer.storage import written

State = dict[str, Any]


def run(job: Job) -> Outcome:
    hub.prepare(job)
    device = steps.device(job)
    saved = processes.agree_on_checkpoint(job)
    state: State | None = None
    if saved is not None:
        file = saved.directory / checkpoint.one_file(saved.step)
        state = torch.load(file, map_location="cpu", weights_only=True)
    threads = steps.threads(job, state["threads"] if state else None)
    steps.check_same_run(job, state)
    job.events.phase("loading_model")
    tokenizer = hf_model.load_tokenizer(job.run, job.place)
    data = steps.read(job, tokenizer)
    training = _Training(job, device, state, threads)
    job.checkpoints.release(saved)
    job.events.phase("training")
    outcome = _train(job, training, data, saved.step if saved else 0)
    if isinstance(outcome, Finished):
        job.events.phase("finalizing")
        steps.evaluate(job, training.network, data, device, training.precision, outcome.step)
        training.publish(tokenizer)
    processes.leave(job)
    return outcome


def _train(job: Job, training: _Training, data: steps.Data, first: int) -> Outcome:
    plan = steps.plan(job, len(data.training))
    teller = steps.Teller(job, plan, first)
    step = saved_step = first
    while step < plan.total:
        if job.stop.agreed():
            if step > saved_step:
                training.save(step)
            return Interrupted(step, step or None)
        step += 1
        batch = [data.training[index] for index in plan.order.batch(step)]
        training.loss, gradient_norm = _one_step(job, training, plan, step, batch, data)
        teller.step(step, training.loss, gradient_norm, samples=len(batch), tokens=steps.predicted(batch))
        if step % job.run.checkpoint_every == 0 or step == plan.total:
            training.save(step)
            saved_step = step
        if job.run.extra.eval_steps and step % job.run.extra.eval_steps == 0 and step < plan.total:
            steps.evaluate(job, training.network, data, training.device, training.precision, step)
    return Finished(step, training.loss)


def _one_step(
    job: Job,
    training: _Training,
    plan: steps.Plan,
    step: int,
    batch: list[Row],
    data: steps.Data,
) -> tuple[float, float]:
    """The loss per token of the whole batch, and the norm of its gradient."""
    for group in training.optimizer.param_groups:
        group["lr"] = plan.rate(step)
    tokens = max(1, steps.predicted(batch))
    summed = torch.zeros((), device=training.device)
    pieces = steps.micro_batches(job, batch)
    for index, piece in enumerate(pieces):
        torch.manual_seed(plan.dropout_seed(step, job.world.rank, index))
        with training.gradients_meet(last=index == len(pieces) - 1), training.precision():
            piece_loss = steps.summed_loss(training.network, data.collate(piece), training.device)
            # Gradients are averaged over the processes; the loss of a step is
            # per token of the whole batch, so the average is undone.
            (piece_loss * (job.world.size / tokens)).backward()  # type: ignore[no-untyped-call]
        summed += piece_loss.detach()
    norm: Any = torch.nn.utils.clip_grad_norm_(training.parameters, job.run.extra.max_grad_norm)
    if hasattr(norm, "full_tensor"):
        norm = norm.full_tensor()  # each process knows the norm of its part only
    training.optimizer.step()
    training.optimizer.zero_grad(set_to_none=True)
    if job.world.size > 1:
        torch.distributed.all_reduce(summed)
    return float(summed) / tokens, float(norm)


class _Training:
    """The model and its optimizer, as this process has them."""

    def __init__(self, job: Job, device: torch.device, state: State | None, threads: int) -> None:
        self.job = job
        self.device = device
        self.threads = threads
        self.precision = steps.autocast(job, device)
        self.loss: float | None = state["loss"] if state else None
        self.model = steps.model(job, device)
        self.sharded = job.world.size > 1 and options.meta(job.run).data_parallel == "fsdp"
        if self.sharded:
            _shard(self.model, device, job.world.size)
        self.network = self.model if self.sharded else processes.distributed(self.model, job)
        self.parameters = [each for each in self.model.parameters() if each.requires_grad]
        self.optimizer = steps.optimizer(self.parameters, job.run.hyperparameters.weight_decay)
        self.network.train()
        if state is not None:
            self._load(state)

    @contextmanager
    def gradients_meet(self, *, last: bool) -> Iterator[None]:
        """Gradients are exchanged once a step, with the last piece of its batch."""
        if self.sharded:
            self.model.set_requires_gradient_sync(last)
        alone = last or self.sharded or not hasattr(self.network, "no_sync")
        with nullcontext() if alone else self.network.no_sync():
            yield

    def save(self, step: int) -> None:
        """Every process takes part, since each has a part; rank 0 writes."""
        model, optimizer = self._whole()
        generators = [torch.get_rng_state()] * self.job.world.size
        if self.job.world.size > 1:
            torch.distributed.all_gather_object(generators, torch.get_rng_state())
        state: State = {
            "step": step,
            "model": model,
            "optimizer": optimizer,
            "rng": generators,
            "loss": self.loss,
            "threads": self.threads,
            "world_size": self.job.world.size,
            "method": self.job.run.method.kind,
        }

        def write(directory: Path) -> None:
            torch.save(state, directory / checkpoint.one_file(step))

        if self.job.world.rank == 0:
            self.job.checkpoints.save(step, write)

    def publish(self, tokenizer: Any) -> None:
        model, _ = self._whole()
        if self.job.world.rank != 0:
            return
        with written(self.job.outputs) as scratch:
            hf_model.save(self.model, scratch, state_dict=model)
            hf_model.save_tokenizer(tokenizer, self.job.place, scratch)
            self.job.outputs.publish(scratch, "")

    def _whole(self) -> tuple[State, State]:
        from torch.distributed.checkpoint import state_dict as states

        model, optimizer = states.get_state_dict(self.model, self.optimizer, options=self._how())
        # Gathered one by one, tied weights come out as copies; they are one again.
        for name, source in (getattr(self.model, "all_tied_weights_keys", None) or {}).items():
            if name in model and source in model:
                model[name] = model[source]
        return model, optimizer

    def _load(self, state: State) -> None:
        from torch.distributed.checkpoint import state_dict as states

        states.set_state_dict(
            self.model,
            self.optimizer,
            model_state_dict=state["model"],
            optim_state_dict=state["optimizer"],
            options=self._how(),
        )
        if self.job.world.rank < len(state["rng"]):
            torch.set_rng_state(state["rng"][self.job.world.rank])

    def _how(self) -> Any:
        from torch.distributed.checkpoint.state_dict import StateDictOptions

        # What is frozen is the base model, which lies where it was read from.
        adapter = self.job.run.method.kind != "full"
        return StateDictOptions(
            full_state_dict=True, cpu_offload=True, ignore_frozen_params=adapter, strict=not adapter
        )


def _shard(model: Any, device: torch.device, size: int) -> None:
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    mesh = init_device_mesh(device.type, (size,))
    # Layer by layer, so that no more than one layer is whole at any time.
    for layer in _layers(model):
        fully_shard(layer, mesh=mesh)
    fully_shard(model, mesh=mesh)


def _layers(model: Any) -> list[torch.nn.Module]:
    """The repeated blocks: the modules of the longest list of modules."""
    lists = [list(each) for each in model.modules() if isinstance(each, torch.nn.ModuleList)]
    return max(lists, key=len, default=[])
