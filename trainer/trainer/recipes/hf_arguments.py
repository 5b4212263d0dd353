"""The arguments of transformers' Trainer: ours from the run, and any other as it was given.

Names and types are those of the installed version. An argument that is given
in `extra` wins over what the run says in our words.
"""

from __future__ import annotations

import dataclasses
import enum
import math
import types
import typing
from typing import Any, Literal, Union, get_args, get_origin

import torch
from transformers import SchedulerType, TrainingArguments

from trainer.config import Run
from trainer.document import nearest, read_scalar, shown
from trainer.failure import Failure
from trainer.job import Job

_STORAGE = "checkpoints are written, kept and found again by the run's checkpoints"
_LOGGING = "every step is told as an event"
_PUBLISHING = "what is made goes to outputs.uri and nowhere else"
_SHARDING = "sharded training was not tried with this recipe; framework meta shards with FSDP2"
_OURS = {
    "output_dir": _PUBLISHING,
    "save_strategy": _STORAGE,
    "save_total_limit": f"{_STORAGE}: say checkpoints.keep",
    "save_on_each_node": _STORAGE,
    "save_only_model": f"{_STORAGE}, and a run could not go on from weights alone",
    "enable_jit_checkpoint": f"{_STORAGE}: a run that is asked to stop saves anyhow",
    "load_best_model_at_end": f"{_STORAGE}, which are not ranked",
    "restore_callback_states_from_checkpoint": _STORAGE,
    "resume_from_checkpoint": f"{_STORAGE}: say checkpoints.resume",
    "ignore_data_skip": "a run goes on with the rows that come next",
    "logging_strategy": _LOGGING,
    "logging_first_step": _LOGGING,
    "logging_nan_inf_filter": "a loss that is not a number is told, not hidden",
    "log_on_each_node": _LOGGING,
    "disable_tqdm": _LOGGING,
    "remove_unused_columns": "rows hold nothing but what the model takes",
    "label_names": "rows hold nothing but what the model takes",
    "include_for_metrics": "the loss per token is the only metric",
    "bf16": "say method.precision bf16",
    "fp16": "say method.precision fp16",
    "gradient_checkpointing": "say method.gradient_checkpointing",
    "activation_checkpointing": "say method.gradient_checkpointing",
    "auto_find_batch_size": "the batch size decides the result, and so is not changed behind its owner's back",
    "use_cache": "nothing of a step is of use to the next one, and packed rows would see each other",
    "use_cpu": "the GPU is used where there is one",
    "fsdp": _SHARDING,
    "fsdp_config": _SHARDING,
    "deepspeed": _SHARDING,
    "parallelism_config": _SHARDING,
    "local_rank": "the launcher says it in the environment",
    "do_train": "the recipe trains",
    "do_eval": "say extra.eval_every or extra.eval_file",
    "do_predict": "the recipe trains",
    **dict.fromkeys(
        (
            "push_to_hub",
            "hub_token",
            "hub_private_repo",
            "hub_model_id",
            "hub_strategy",
            "hub_always_push",
            "hub_revision",
        ),
        _PUBLISHING,
    ),
}

# Renamed between the release that unsloth takes and the one of the other environments.
_RECOMPUTING = next(
    each.name
    for each in dataclasses.fields(TrainingArguments)
    if each.name in ("activation_checkpointing", "gradient_checkpointing")
)


def make(job: Job, directory: str, rows: int, held_out: int) -> TrainingArguments:
    """The arguments of this run; `directory` is the Trainer's own, in which we leave nothing."""
    given = _given(job.run)
    if given.get("dataloader_num_workers") and any(each.streaming for each in job.run.datasets):
        raise Failure(
            "config",
            "extra.dataloader_num_workers: each worker would stream all of the rows; leave it out, or turn"
            " datasets[].streaming off",
        )
    ours = _from_run(job, directory, rows, held_out)
    for name in given.keys() & ours.keys():
        if ours[name] != given[name]:
            job.events.warning(f"extra.{name} {shown(given[name])} is used in place of {shown(ours[name])}")
    try:
        return TrainingArguments(**{**ours, **given})
    except (ValueError, TypeError, ImportError) as error:
        raise Failure("config", f"transformers refuses the arguments: {error}") from error


def _from_run(job: Job, directory: str, rows: int, held_out: int) -> dict[str, Any]:
    run, world, extra = job.run, job.world, job.run.extra
    numbers = run.hyperparameters
    micro, accumulation = _batch(job)
    if extra.lr_scheduler_type not in {each.value for each in SchedulerType}:
        known = [each.value for each in SchedulerType]
        hint = nearest(extra.lr_scheduler_type, known) or f"; known: {', '.join(known)}"
        raise Failure("config", f"extra.lr_scheduler_type {extra.lr_scheduler_type} is unknown{hint}")
    steps = numbers.max_steps or math.ceil(math.ceil(rows / (micro * world.size)) / accumulation) * numbers.epochs
    warmup = extra.warmup_steps if extra.warmup_steps is not None else round(numbers.warmup_ratio * steps)
    on_gpu = torch.cuda.is_available()
    return {
        "output_dir": directory,
        "per_device_train_batch_size": micro,
        "gradient_accumulation_steps": accumulation,
        "per_device_eval_batch_size": extra.eval_batch_size,
        "num_train_epochs": float(numbers.epochs),
        "max_steps": numbers.max_steps or -1,
        "learning_rate": numbers.learning_rate,
        "lr_scheduler_type": extra.lr_scheduler_type,
        "warmup_steps": warmup,
        "weight_decay": numbers.weight_decay,
        "max_grad_norm": extra.max_grad_norm,
        "seed": numbers.chosen_seed,
        "bf16": on_gpu and run.method.precision == "bf16",
        "fp16": on_gpu and run.method.precision == "fp16",
        _RECOMPUTING: run.method.gradient_checkpointing,
        f"{_RECOMPUTING}_kwargs": {"use_reentrant": False} if run.method.gradient_checkpointing else None,
        "eval_strategy": "steps" if extra.eval_steps and held_out else "no",
        "eval_steps": extra.eval_steps,
        "save_strategy": "no",
        "logging_steps": 1,
        "logging_nan_inf_filter": False,
        "disable_tqdm": True,
        "remove_unused_columns": False,
        "use_cpu": not on_gpu,
        "dataloader_pin_memory": on_gpu,
        "ddp_backend": None if on_gpu or world.size == 1 else "gloo",
        "report_to": "none",
    }


def _batch(job: Job) -> tuple[int, int]:
    """Rows of one forward pass of one process, and how many of those make a step."""
    numbers, size = job.run.hyperparameters, job.world.size
    if numbers.batch_size < size:
        raise Failure("config", f"batch_size {numbers.batch_size} is smaller than the number of processes, {size}")
    each = -(-numbers.batch_size // size)
    if each * size != numbers.batch_size:
        job.events.warning(
            f"batch_size {numbers.batch_size} cannot be shared evenly by {size} processes; {each * size} is used"
        )
    wanted = min(each, numbers.micro_batch_size or -(-each // job.run.extra.gradient_accumulation))
    micro = next(size for size in range(wanted, 0, -1) if each % size == 0)
    if micro != wanted and numbers.micro_batch_size:
        job.events.warning(f"micro_batch_size {wanted} does not divide {each} rows evenly; {micro} is used")
    return micro, each // micro


def _given(run: Run) -> dict[str, Any]:
    hints = typing.get_type_hints(TrainingArguments)
    known = [each.name for each in dataclasses.fields(TrainingArguments)]
    found = {}
    for name, value in run.extra.other.items():
        if name in _OURS:
            raise Failure("config", f"extra.{name} cannot be given: {_OURS[name]}")
        if name not in known:
            names = [*known, *(each.name for each in dataclasses.fields(run.extra))]
            raise Failure("config", f"unknown argument extra.{name}{nearest(name, names)}")
        found[name] = _read(hints[name], value, f"extra.{name}")
    return found


def _read(hint: Any, value: Any, path: str) -> Any:
    """`value` as the argument's type; launchers that know only strings say 8 as "8" and a list as JSON."""
    choices = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    for choice in (each for each in choices if isinstance(each, type) and issubclass(each, enum.Enum)):
        allowed = [each.value for each in choice]
        if value not in allowed:
            raise Failure(
                "config",
                f"{path} must be one of {', '.join(allowed)}, not {shown(value)}{nearest(str(value), allowed)}",
            )
        return value
    scalars = [each for each in choices if each in (bool, int, float, str)]
    containers = [each for each in choices if (get_origin(each) or each) in (dict, list)]
    if any(isinstance(value, get_origin(each) or each) for each in containers):
        return value
    # "text or number" takes both; a number is tried first, since any word is text.
    for scalar in sorted(scalars, key=(bool, int, float, str).index):
        if scalar is not str and isinstance(value, str) and str in scalars:
            continue
        if scalar is bool and len(scalars) > 1 and not isinstance(value, bool):
            continue
        try:
            return read_scalar(scalar, value, path)
        except Failure:
            if scalar is scalars[-1] and not containers:
                raise
    if any(get_origin(each) is Literal and value in get_args(each) for each in choices):
        return value
    words = " or ".join(getattr(each, "__name__", str(each)) for each in choices if each is not type(None))
    raise Failure("config", f"{path} must be {words}, not {shown(value)}")
