"""Starts a job: configuration, storage, the first event, and only then the recipe with its slow imports."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import sys
import traceback
from collections.abc import Sequence
from typing import NoReturn

from trainer import callbacks, events, launch, progress, recipes, secret_manager, vision_flags
from trainer.checkpoint import Checkpoints
from trainer.config import Run
from trainer.examples import HELD_OUT_SPLITS
from trainer.failure import EXIT_FINISHED, EXIT_INTERRUPTED, Failure, as_failure
from trainer.job import Finished, Job, Outcome
from trainer.mirror import Mirror
from trainer.recipes import unsloth
from trainer.stop import Stop
from trainer.storage import Shelf, Storage, Twice, open_storage, prove_writable
from trainer.world import World

SECRET_NAME = re.compile(r"token|secret|password|credential|api_?key", re.IGNORECASE)

_Listener = progress.Progress | callbacks.Callbacks | Mirror


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    descriptor = events.claim_stdout()
    given = sys.argv[1:] if arguments is None else arguments
    code = _main(given, descriptor)
    if vision_flags.meant(given):
        print(f"[STATUS] {'SUCCESS' if code == EXIT_FINISHED else 'FAILED'}", file=sys.stderr)  # platforms look for it
    sys.stderr.flush()
    # Everything is written and every process has said goodbye: taking torch
    # apart module by module would only cost half a second more.
    os._exit(code)


def _main(arguments: Sequence[str], descriptor: int) -> int:
    identity = os.environ.get("RUN_ID") or os.environ.get("TRAINING_JOB_ID") or ""
    said = events.Events(identity, 1, World(), descriptor)
    listeners: list[_Listener] = []
    try:
        world = World.from_environment()
        if world.rank == 0:
            events.clear_termination_log()
        said = events.Events(identity, 1, world, descriptor)
        secret_manager.open_named()
        started = launch.read(arguments)
        run = started.run
        said = events.Events(run.run_id, run.attempt, world, descriptor)
        _refuse_unsupported(run)
        if started.check_only:
            print(f"the configuration of run {run.run_id} is valid", file=sys.stderr)
            return EXIT_FINISHED
        stop = Stop(world, run.max_duration_seconds)
        stop.install()
        listeners = _listeners(run, said) if world.rank == 0 else []
        outcome = _train(run, world, said, stop)
        return _report(outcome, said, run, stop)
    except BaseException as error:  # SystemExit from argparse included
        if isinstance(error, SystemExit):
            return int(error.code or 0)
        failure = as_failure(error)
        if not isinstance(error, Failure):
            traceback.print_exc()
        print(failure.message, file=sys.stderr)
        said.failed(failure)
        return failure.exit_code
    finally:
        for listener in listeners:
            listener.close()


def _listeners(run: Run, said: events.Events) -> list[_Listener]:
    """Who else hears every event; each has a thread of its own and never holds up a step."""
    found: list[_Listener] = []
    if run.outputs.log_uri is not None:
        found.append(Mirror(run.outputs.log_uri, run.attempt, said.warning))
    for other in (progress.start(said.warning), callbacks.start(run.callback_url, said.warning)):
        if other is not None:
            found.append(other)
    for listener in found:
        said.observe(listener.observe)
    return found


def _train(run: Run, world: World, said: events.Events, stop: Stop) -> Outcome:
    storage = open_storage(run.checkpoints.uri)
    outputs = [open_storage(each) for each in (run.outputs.uri, run.outputs.copy_uri) if each is not None]
    checkpoints = Checkpoints(storage, said, run.framework, run.checkpoints.keep)
    saved = checkpoints.newest() if run.checkpoints.resume and world.rank == 0 else None
    said.emit(
        "started",
        framework=run.framework,
        method=run.method.kind,
        world_size=world.size,
        pid=os.getpid(),
        resume_step=saved.step if saved else None,
    )
    for message in _warnings(run):
        said.warning(message)
    if world.rank == 0:
        for each in (storage, *outputs):
            prove_writable(each)
        checkpoints.begin(afresh=not run.checkpoints.resume)
        if run.layout_uri is not None:
            _write_layout(open_storage(run.layout_uri), run)
    try:
        shelf: Shelf = Twice(*outputs) if len(outputs) > 1 else outputs[0]
        outcome = recipes.run(Job(run, world, said, stop, checkpoints, saved, shelf))
    except Exception:
        checkpoints.settle()  # what was saved before the failure is still wanted
        raise
    checkpoints.drain()  # the last word must not be said before the last checkpoint is durable
    return outcome


def _report(outcome: Outcome, said: events.Events, run: Run, stop: Stop) -> int:
    if isinstance(outcome, Finished):
        copied = {"copied_to": run.outputs.copy_uri} if run.outputs.copy_uri is not None else {}
        said.emit("finished", step=outcome.step, final_loss=outcome.final_loss, artifacts=run.outputs.uri, **copied)
        return EXIT_FINISHED
    said.emit("interrupted", step=outcome.step, checkpoint_step=outcome.checkpoint_step, reason=stop.reason)
    return EXIT_INTERRUPTED


def _refuse_unsupported(run: Run) -> None:
    """What cannot work here is said at once, not after the imports."""
    recipes.require(run)
    quantized = run.method.kind == "qlora" or run.method.precision == "int8"
    if quantized and importlib.util.find_spec("bitsandbytes") is None:
        asked = "method qlora" if run.method.kind == "qlora" else "precision int8"
        raise Failure(
            "unsupported",
            f"{asked} needs the package bitsandbytes, which is not installed here; use method lora with"
            " precision bf16, or install bitsandbytes",
        )


def _warnings(run: Run) -> list[str]:
    found = list(run.warnings)
    if run.framework == "unsloth":
        found += unsloth.warnings(run)
    for dataset in run.datasets:
        if dataset.split not in (None, "train", *HELD_OUT_SPLITS):
            found.append(f"split {dataset.split!r} of {dataset.source} is ignored: a file has no splits")
    return found


def _write_layout(storage: Storage, run: Run) -> None:
    """The folders and the copy of the configuration that readers of the unified layout expect."""
    for folder in ("checkpoints", "logs", "config"):
        storage.write(f"{folder}/.keep", b"")
    extra = {key: value for key, value in vars(run.extra).items() if value is not None and key != "other"}
    other = {key: value for key, value in run.extra.other.items() if not SECRET_NAME.search(key)}
    overrides = {**vars(run.hyperparameters), **extra, **other}
    document = {"framework": run.framework, "model": run.model.name, "overrides": overrides}
    storage.write("config/run.json", json.dumps(document, indent=2).encode())
