"""Trains a causal language model with transformers' Trainer, whole or by an adapter.

A killed and resumed run ends with the same weights, bit by bit, as an
undisturbed one. The order of rows is the Trainer's, a function of (seed,
epoch); the state of every process's random generator is in the checkpoint,
and so is the number of threads, which orders the sums.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from trainer.checkpoint import Saved
from trainer.examples import Streamed
from trainer.job import Finished, Interrupted, Job, Outcome
from trainer.recipes import hf_model, hub, processes, steps
from trainer.recipes.hf_rows import Encoder, Packed, Rows, StreamedRows
from trainer.storage import written


def run(job: Job, load: Callable[[Job, int], Any] | None = None) -> Outcome:
    """`load` makes the model in another way than from transformers, given the seed."""
    events, place = job.events, job.place
    hub.prepare(job)
    _prepare_device(job)
    # Only now, since the libraries look at the environment as they load.
    from trainer.recipes import hf_arguments
    from trainer.recipes.hf_trainer import JobTrainer, RunState

    saved = processes.agree_on_checkpoint(job)
    state = RunState.read(saved.directory) if saved else None
    steps.threads(job, state.threads if state else None)
    steps.check_same_run(job, asdict(state) if state else None)

    events.phase("loading_model")
    tokenizer = hf_model.load_tokenizer(job.run, place)
    training, held_out = _rows(job, tokenizer)
    with tempfile.TemporaryDirectory(prefix="trainer-") as scratch:
        arguments = hf_arguments.make(job, scratch, len(training), len(held_out))
        seed = arguments.seed
        model = load(job, seed) if load else hf_model.load(job.run, place, saved, steps.device(job), seed)
        cached = model.config.use_cache
        trainer = JobTrainer(job, model, arguments, tokenizer, training, held_out)
        outcome = _train(job, trainer, saved, state.loss if state else None)
        if isinstance(outcome, Finished):
            events.phase("finalizing")
            if trainer.evaluated_at != outcome.step:
                trainer.evaluate()
            if job.world.rank == 0:
                model.config.use_cache = cached  # off for training; whoever loads the model wants it as it was
                _publish(job, model, tokenizer)
        processes.leave(job)
    return outcome


def _train(job: Job, trainer: Any, saved: Saved | None, loss: float | None) -> Outcome:
    job.events.phase("training")
    step = saved.step if saved else 0
    # Asked of a run that goes on only: making a loader draws from the generator of random numbers.
    if saved is not None and step >= trainer.total_steps():
        trainer.state.global_step = step
        return Finished(step, loss)
    if job.stop.agreed():
        return Interrupted(step, step or None)
    trainer.train(resume_from_checkpoint=str(saved.directory) if saved else None)
    job.checkpoints.release(saved)
    step = trainer.state.global_step
    return Interrupted(step, step) if trainer.flow.stopped else Finished(step, trainer.last_loss)


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
    with written(job.outputs) as scratch:
        hf_model.export(model, job.run, scratch)
        hf_model.save_tokenizer(tokenizer, job.place, scratch)
        job.outputs.publish(scratch, "")


def _prepare_device(job: Job) -> None:
    if steps.device(job).type == "cpu" and job.run.method.precision in ("bf16", "fp16"):
        job.events.warning(f"precision {job.run.method.precision} is asked for; on this CPU the run uses fp32")
