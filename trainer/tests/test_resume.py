"""A run that was killed or interrupted ends with the very weights of one that was not."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import Jobs, Started

SECONDS_TO_STOP = 10.0
WEIGHTS = {"lora": "adapter_model.safetensors", "full": "model.safetensors"}


def assert_same_weights(one: Started, other: Started, method: str) -> None:
    import torch
    from safetensors.torch import load_file

    first, second = (load_file(Path(job.events[-1]["artifacts"]) / WEIGHTS[method]) for job in (one, other))
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)


def goes_on_as(whole: Started, jobs: Jobs, document: dict[str, Any]) -> Started:
    """Killed at step 13 of 20, with a checkpoint every ten; the rest and the weights are those of the whole run."""
    killed = jobs.start(document, narrow=True)
    killed.until(lambda event: event["event"] == "step" and event["step"] == 13)
    killed.kill()
    resumed = jobs.run(document)
    assert resumed.of("started")[0]["resume_step"] == 10
    assert [event["loss"] for event in whole.of("step")[10:]] == [event["loss"] for event in resumed.of("step")]
    assert_same_weights(whole, resumed, "lora")
    return resumed


def test_killed_and_resumed_full_weights_are_bit_identical(jobs: Jobs, undisturbed: dict[str, Started]) -> None:
    resumed = killed_and_resumed(jobs, "full", damage=False)
    losses = {event["step"]: event["loss"] for event in undisturbed["full"].of("step")}
    assert all(losses[event["step"]] == event["loss"] for event in resumed.of("step"))
    assert_same_weights(undisturbed["full"], resumed, "full")


def test_killed_lora_with_a_damaged_newest_checkpoint_is_bit_identical_from_the_one_before(
    jobs: Jobs, undisturbed: dict[str, Started]
) -> None:
    resumed = killed_and_resumed(jobs, "lora", damage=True)
    assert "is not used" in resumed.of("warning")[0]["message"]
    assert_same_weights(undisturbed["lora"], resumed, "lora")


def killed_and_resumed(jobs: Jobs, method: str, *, damage: bool) -> Started:
    document = jobs.document(method, f"killed-{method}")
    killed = jobs.start(document)
    killed.until(lambda event: event["event"] == "step" and event["step"] == 27)
    killed.kill()
    assert killed.process.returncode == -9
    assert not killed.of("finished")
    folder = Path(document["checkpoints"]["uri"])
    newest = max(int(path.stem.removeprefix("step-")) for path in folder.glob("step-*.json"))
    assert newest >= 20
    if damage:
        weights = folder / f"checkpoint-{newest}" / WEIGHTS[method]
        weights.write_bytes(weights.read_bytes()[:-1] + b"?")
        newest -= 10
    resumed = jobs.run({**document, "attempt": 2})
    assert resumed.process.returncode == 0, resumed.explained()
    assert resumed.of("started")[0]["resume_step"] == newest
    assert resumed.of("step")[0]["step"] == newest + 1
    assert {event["attempt"] for event in resumed.events} == {2}
    return resumed


def test_sigterm_saves_and_leaves_and_the_rest_is_bit_identical(jobs: Jobs, undisturbed: dict[str, Started]) -> None:
    document = jobs.document("lora", "terminated")
    job = jobs.start(document)
    job.until(lambda event: event["event"] == "step" and event["step"] == 14)
    asked = time.monotonic()
    job.process.terminate()
    assert job.finish() == 143, job.explained()
    assert time.monotonic() - asked < SECONDS_TO_STOP
    interrupted = job.events[-1]
    assert interrupted["event"] == "interrupted"
    assert interrupted["checkpoint_step"] == interrupted["step"] == job.of("step")[-1]["step"]
    resumed = jobs.run(document)
    assert resumed.of("started")[0]["resume_step"] == interrupted["step"]
    assert_same_weights(undisturbed["lora"], resumed, "lora")


def test_sigterm_under_torchrun_saves_and_leaves_together(jobs: Jobs, undisturbed: dict[str, Started]) -> None:
    document = jobs.document("full", "two", hyperparameters__max_steps=5000)
    job = jobs.start(document, processes=2)
    job.until(lambda event: event["event"] == "step" and event["step"] == 14)
    assert job.of("started")[0]["world_size"] == 2
    # Two processes take the same steps as one; only the order of sums differs.
    alone = undisturbed["full"].of("step")
    assert job.of("step")[0]["loss"] == pytest.approx(alone[0]["loss"], rel=1e-5)
    asked = time.monotonic()
    job.process.terminate()
    job.finish()
    assert time.monotonic() - asked < SECONDS_TO_STOP
    interrupted = job.events[-1]
    assert interrupted["event"] == "interrupted", job.explained()
    assert interrupted["checkpoint_step"] == interrupted["step"]
    assert json.loads(job.termination_log.read_text()) == interrupted
