"""PyTorch Lightning jobs, in the environment that has Lightning."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

import pytest
import s3
from conftest import Jobs, Started
from exactness import killed_three_times

SECONDS_TO_STOP = 10.0


def document(jobs: Jobs, place: str, method: str = "full", **changes: Any) -> dict[str, Any]:
    # Batches made beside the training process are what could go wrong with the order of rows.
    changes = {"extra__dataloader_workers": 1, "hyperparameters__micro_batch_size": 2, **changes}
    return jobs.document(method, f"nemo-{place}", framework="nemo", hyperparameters__max_steps=40, **changes)


@pytest.fixture(scope="module")
def whole(jobs: Jobs) -> Started:
    job = jobs.run(document(jobs, "whole"), cold=True)
    assert job.process.returncode == 0, job.explained()
    return job


def weights(job: Started) -> dict[str, Any]:
    from safetensors.torch import load_file

    (file,) = Path(job.events[-1]["artifacts"]).glob("*.safetensors")
    return dict(load_file(file))


def equal(one: Started, other: Started) -> bool:
    import torch

    first, second = weights(one), weights(other)
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def test_it_overfits_and_lightning_loads_what_it_saved(whole: Started) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    assert [event["step"] for event in whole.of("step")] == list(range(1, 41))
    losses = [event["loss"] for event in whole.of("step")]
    assert losses[-1] < 0.8 * losses[0]
    assert [event["step"] for event in whole.of("checkpoint")] == [10, 20, 30, 40]
    file = Path(whole.of("checkpoint")[-1]["uri"]) / "model.ckpt"
    state = torch.load(file, weights_only=True)
    assert state["pytorch-lightning_version"]
    made = AutoModelForCausalLM.from_pretrained(whole.events[-1]["artifacts"]).state_dict()
    assert all(torch.equal(made[name.removeprefix("network.")], each) for name, each in state["state_dict"].items())


@pytest.mark.drawn
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_killed_three_times_the_weights_are_bit_identical(
    jobs: Jobs, whole: Started, draw: random.Random, precision: str
) -> None:
    undisturbed = whole
    if precision == "bf16":
        undisturbed = jobs.run(document(jobs, "bf16", "lora", method__precision=precision))
    method = "lora" if precision == "bf16" else "full"
    killed = killed_three_times(jobs, document(jobs, f"killed-{precision}", method, method__precision=precision), draw)
    assert equal(undisturbed, killed)


@pytest.mark.drawn
def test_killed_three_times_with_its_checkpoints_in_a_bucket_the_weights_are_bit_identical(
    jobs: Jobs, whole: Started, draw: random.Random, tmp_path: Path
) -> None:
    with s3.served(tmp_path / "log") as bucket:
        given = document(jobs, "killed-s3", checkpoints__uri="s3://runs/nemo/checkpoints")
        assert equal(whole, killed_three_times(jobs, given, draw, environment=bucket.environment()))


def test_sigterm_saves_and_leaves_and_the_rest_is_bit_identical(jobs: Jobs, whole: Started) -> None:
    given = document(jobs, "terminated")
    job = jobs.start(given, narrow=True)
    job.until(lambda event: event["event"] == "step" and event["step"] == 7)
    asked = time.monotonic()
    job.process.terminate()
    assert job.finish() == 143, job.explained()
    assert time.monotonic() - asked < SECONDS_TO_STOP
    interrupted = job.events[-1]
    assert interrupted["checkpoint_step"] == interrupted["step"] == job.of("step")[-1]["step"]
    resumed = jobs.run(given)
    assert resumed.of("started")[0]["resume_step"] == interrupted["step"]
    assert equal(whole, resumed)


def test_two_processes_take_the_steps_of_one(jobs: Jobs, whole: Started) -> None:
    given = document(jobs, "two", extra__dataloader_workers=0)
    given["hyperparameters"]["max_steps"] = 2
    job = jobs.run(given, processes=2)
    assert job.process.returncode == 0, job.explained()
    assert job.of("started")[0]["world_size"] == 2
    one, two = whole.of("step")[0], job.of("step")[0]  # the rate of later steps depends on how many there are
    assert two["loss"] == pytest.approx(one["loss"], rel=1e-5)
    assert two["grad_norm"] == pytest.approx(one["grad_norm"], rel=1e-4)


def test_a_knob_that_makes_no_sense_is_refused(jobs: Jobs) -> None:
    job = jobs.run(document(jobs, "knob", extra__dataloader_workers=-1))
    assert job.process.returncode == 2
    assert job.events[-1]["message"] == "extra.dataloader_workers must be at least 0, not -1"
