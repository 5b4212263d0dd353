"""Unsloth jobs on a machine that cannot run Unsloth's own kernels, and what the job says of that."""

from __future__ import annotations

import pytest
from conftest import Jobs

from trainer.recipes import unsloth

pytestmark = pytest.mark.skipif(unsloth.missing() is None, reason="Unsloth's own kernels can run here")


def test_required_kernels_that_cannot_run_are_unsupported_and_said_before_anything_slow(jobs: Jobs) -> None:
    job = jobs.run(jobs.document("lora", "unsloth-required", framework="unsloth", extra__unsloth_kernels="required"))
    assert job.process.returncode == 3
    (failed,) = job.events
    assert (failed["event"], failed["kind"], failed["retryable"]) == ("failed", "unsupported", False)
    assert "need a GPU" in failed["message"]
    assert "extra.unsloth_kernels" in failed["message"]


def test_otherwise_the_hf_recipe_trains_with_every_option_of_unsloth_and_says_what_is_left_out(jobs: Jobs) -> None:
    options = {"optimize_long_context": True, "quantization": "bnb-nf4", "gradient_accumulation": 2}
    given = jobs.document("lora", "unsloth-auto", framework="unsloth", hyperparameters__max_steps=3)
    plain = jobs.document("lora", "unsloth-plain", hyperparameters__max_steps=3)
    given["extra"] |= options
    plain["extra"] |= {"gradient_accumulation": 2}
    job, other = jobs.run(given), jobs.run(plain)
    assert job.process.returncode == 0, job.explained()
    messages = " ".join(event["message"] for event in job.of("warning"))
    assert "trained by the hf recipe" in messages
    assert "quantization bnb-nf4 is left out" in messages
    assert [event["loss"] for event in job.of("step")] == [event["loss"] for event in other.of("step")]


def test_a_quantization_that_nobody_knows_is_refused(jobs: Jobs) -> None:
    job = jobs.run(jobs.document("lora", "unsloth-odd", framework="unsloth", extra__quantization="bnb-nf5"))
    assert job.process.returncode == 2
    assert "extra.quantization must be one of none, bnb-nf4" in job.events[-1]["message"]
