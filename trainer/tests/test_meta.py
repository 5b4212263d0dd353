"""Plain PyTorch jobs, alone and on two processes."""

from __future__ import annotations

import json
import random
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import Jobs, Started
from exactness import killed_three_times

SECONDS_TO_STOP = 10.0


def document(jobs: Jobs, place: str, method: str = "full", **changes: Any) -> dict[str, Any]:
    return jobs.document(method, f"meta-{place}", framework="meta", hyperparameters__max_steps=50, **changes)


@pytest.fixture(scope="module")
def alone(jobs: Jobs) -> Started:
    job = jobs.run(document(jobs, "alone"))
    assert job.process.returncode == 0, job.explained()
    return job


@pytest.fixture(scope="module")
def together(jobs: Jobs) -> Started:
    job = jobs.run(document(jobs, "together"), processes=2)
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


def test_it_overfits_and_transformers_loads_what_it_made(alone: Started) -> None:
    from transformers import AutoModelForCausalLM

    losses = [event["loss"] for event in alone.of("step")]
    assert losses[-1] < 0.8 * losses[0]
    assert [event["step"] for event in alone.of("checkpoint")] == [10, 20, 30, 40, 50]
    model = AutoModelForCausalLM.from_pretrained(alone.events[-1]["artifacts"])
    assert model.num_parameters() > 0
    assert alone.of("eval")


def test_a_checkpoint_is_one_file_of_tensors_with_model_optimizer_step_and_generators(alone: Started) -> None:
    import torch

    file = Path(alone.of("checkpoint")[-1]["uri"])
    assert file.name == "step-000050.pt"
    state = torch.load(file, weights_only=True)
    assert {"model", "optimizer", "step", "rng"} <= state.keys()
    assert state["step"] == 50
    assert "model.embed_tokens.weight" in state["model"]
    manifest = json.loads(file.with_suffix(".json").read_text())
    assert manifest["framework"] == "meta"
    assert list(manifest["files"]) == ["step-000050.pt"]


def test_two_processes_that_share_the_model_take_the_steps_of_one(alone: Started, together: Started) -> None:
    assert together.of("started")[0]["world_size"] == 2
    for one, two in zip(alone.of("step"), together.of("step"), strict=True):
        assert two["loss"] == pytest.approx(one["loss"], rel=1e-4)
        assert two["grad_norm"] == pytest.approx(one["grad_norm"], rel=1e-3)
    assert weights(alone).keys() == weights(together).keys()


@pytest.mark.drawn
@pytest.mark.parametrize("method", ["full", "lora"])
def test_killed_three_times_alone_the_weights_are_bit_identical(
    jobs: Jobs, alone: Started, draw: random.Random, method: str
) -> None:
    whole = alone if method == "full" else jobs.run(document(jobs, "alone-lora", "lora"))
    assert equal(whole, killed_three_times(jobs, document(jobs, f"killed-{method}", method), draw))


@pytest.mark.drawn
def test_killed_three_times_on_two_processes_the_weights_are_bit_identical(
    jobs: Jobs, together: Started, draw: random.Random
) -> None:
    assert equal(together, killed_three_times(jobs, document(jobs, "killed-together"), draw, processes=2))


def test_sigterm_under_torchrun_saves_and_one_process_goes_on(jobs: Jobs) -> None:
    given = document(jobs, "terminated")
    given["hyperparameters"]["max_steps"] = 5000
    job = jobs.start(given, processes=2)
    job.until(lambda event: event["event"] == "step" and event["step"] == 7)
    asked = time.monotonic()
    job.process.terminate()
    job.finish()
    assert time.monotonic() - asked < SECONDS_TO_STOP
    interrupted = job.events[-1]
    assert interrupted["event"] == "interrupted", job.explained()
    step = interrupted["step"]
    assert interrupted["checkpoint_step"] == step == job.of("step")[-1]["step"]
    given["hyperparameters"]["max_steps"] = step + 2
    resumed = jobs.run(given)
    assert resumed.process.returncode == 0, resumed.explained()
    assert resumed.of("started")[0]["resume_step"] == step
    assert "resumed with 1 processes after 2" in resumed.of("warning")[0]["message"]


@pytest.mark.parametrize(
    ("before", "processes", "kind"),
    [
        ("together", 1, "fsdp"),
        ("alone", 2, "ddp"),  # each process holds the whole model
        pytest.param("alone", 2, "fsdp", marks=pytest.mark.drawn),
    ],
)
def test_any_number_of_processes_goes_on_with_the_steps_that_were_left(
    jobs: Jobs, request: pytest.FixtureRequest, before: str, processes: int, kind: str
) -> None:
    saved: Started = request.getfixturevalue(before)
    given = document(jobs, f"{before}-{processes}-{kind}", extra__data_parallel=kind)
    folder = Path(given["checkpoints"]["uri"])
    folder.mkdir(parents=True)
    for file in Path(saved.of("checkpoint")[-2]["uri"]).parent.glob("step-000040.*"):
        shutil.copy(file, folder)
    job = jobs.run(given, processes=processes)
    assert job.process.returncode == 0, job.explained()
    assert job.of("started")[0]["resume_step"] == 40
    # Without the optimizer's state, the right rows or the right rate the second of them would be another.
    for one, other in zip(saved.of("step")[40:], job.of("step"), strict=True):
        assert other["loss"] == pytest.approx(one["loss"], rel=1e-4)
        assert other["grad_norm"] == pytest.approx(one["grad_norm"], rel=1e-3)


def test_a_knob_that_meta_does_not_have_is_refused_with_the_nearest_one(jobs: Jobs) -> None:
    job = jobs.run(document(jobs, "knob", extra__data_paralel="ddp"))
    assert job.process.returncode == 2
    assert job.events[-1]["message"] == "unknown key extra.data_paralel; did you mean data_parallel?"
