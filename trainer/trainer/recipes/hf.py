"""Trains a causal language model with transformers' Trainer, whole or by an adapter.

A killed and resumed run ends with the same weights, bit by bit, as an
undisturbed one. The order of rows is the Trainer's, a function of (seed,
epoch); the state of every process's random generator is in the checkpoint,
and so is the number of threads, which orders the sums.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from typing import Any

import torch

from trainer.examples import Streamed
from trainer.failure import Failure
from trainer.job import Finished, Interrupted, Job, Outcome
from trainer.recipes import hf_model, hub, processes
from trainer.recipes.hf_rows import Encoder, Packed, Rows, StreamedRows

MAX_DEFAULT_THREADS = 4


def run(job: Job) -> Outcome:
    events, place = job.events, job.place
    hub.prepare(job)
    _prepare_device(job)
    # Only now, since the libraries look at the environment as they load.
    from trainer.recipes import hf_arguments
    from trainer.recipes.hf_trainer import JobTrainer, RunState

    saved = processes.agree_on_checkpoint(job)
    state = RunState.read(saved.directory) if saved else None
    _set_threads(job, state.threads if state else None)
    if state is not None:
        _check_same_run(job, state)

    events.phase("loading_model")
    tokenizer = hf_model.load_tokenizer(job.run, place)
    training, held_out = _rows(job, tokenizer)
    with tempfile.TemporaryDirectory(prefix="trainer-") as scratch:
        arguments = hf_arguments.make(job, scratch, len(training), len(held_out))
        model = hf_model.load(job.run, place, saved, arguments.seed)
        trainer = JobTrainer(job, model, arguments, tokenizer, training, held_out)
        events.phase("training")
        step, loss = (saved.step, state.loss) if saved and state else (0, None)
        # Asked of a run that goes on only: making a loader draws from the generator of random numbers.
        if saved is None or step < trainer.total_steps():
            if job.stop.agreed():
                processes.leave(job)
                return Interrupted(step, step or None)
            trainer.train(resume_from_checkpoint=str(saved.directory) if saved else None)
            step, loss = trainer.state.global_step, trainer.last_loss
        job.checkpoints.release(saved)
        if trainer.flow.stopped:
            processes.leave(job)
            return Interrupted(step, step)

        events.phase("finalizing")
        trainer.state.global_step = step
        if trainer.evaluated_at != step:
            trainer.evaluate()
        if job.world.rank == 0:
            _publish(job, model, tokenizer)
        processes.leave(job)
    return Finished(step, loss)


def _rows(job: Job, tokenizer: Any) -> tuple[Any, Rows]:
    run, examples = job.run, job.examples
    length = run.hyperparameters.max_sequence_length
    encoder = Encoder(tokenizer, run.extra, length)
    held_out = Rows(encoder, examples.held_out)
    if isinstance(examples.training, Streamed):
        return StreamedRows(encoder, examples.training, run.hyperparameters.chosen_seed), held_out
    rows = Rows(encoder, examples.training)
    rows[0]  # what is wrong with the template is said before the model is loaded
    return (Packed(rows, length) if run.extra.packing else rows), held_out


def _publish(job: Job, model: Any, tokenizer: Any) -> None:
    scratch = job.outputs.scratch()
    hf_model.export(model, job.run, scratch)
    hf_model.save_tokenizer(tokenizer, job.place, scratch)
    job.outputs.publish(scratch, "")
    shutil.rmtree(scratch, ignore_errors=True)


def _prepare_device(job: Job) -> None:
    if torch.cuda.is_available():
        # Without these two, sums on a GPU come out in a different order each time.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True, warn_only=True)
        torch.cuda.set_device(job.world.local_rank)
    elif job.run.method.precision in ("bf16", "fp16"):
        job.events.warning(f"precision {job.run.method.precision} is asked for; on this CPU the run uses fp32")


def _set_threads(job: Job, before: int | None) -> None:
    """The number of threads decides the order of sums, so a run keeps the one that it began with."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    default = max(1, min(MAX_DEFAULT_THREADS, cores // job.world.local_size))
    torch.set_num_threads(job.run.extra.threads or before or default)


def _check_same_run(job: Job, state: Any) -> None:
    if state.method != job.run.method.kind:
        raise Failure(
            "config",
            f"the checkpoint at {job.checkpoints.storage.uri} is of method {state.method}, this run is of method"
            f" {job.run.method.kind}; use another checkpoints.uri, or checkpoints.resume false",
        )
    threads = torch.get_num_threads()
    for what, before, now in (("threads", state.threads, threads), ("processes", state.world_size, job.world.size)):
        if before != now:
            job.events.warning(f"resumed with {now} {what} after {before}: equal to rounding, not bit by bit")
