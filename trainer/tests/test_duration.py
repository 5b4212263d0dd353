"""A job that may run for so long and no longer: what it learnt is kept, and another run goes on from there."""

from __future__ import annotations

import json

import pytest
from conftest import Jobs


@pytest.mark.parametrize("framework", ["hf", pytest.param("meta", marks=pytest.mark.drawn)])
def test_at_its_longest_duration_a_job_saves_says_why_and_goes(jobs: Jobs, framework: str) -> None:
    # Enough steps for half an hour: only the duration can end it.
    document = jobs.document("lora", f"long-{framework}", framework=framework, hyperparameters__max_steps=100_000)
    document["checkpoints"]["every_steps"] = 100_000
    document["max_duration_seconds"] = 15
    job = jobs.run(document)
    assert job.process.returncode == 143, job.explained()
    last = job.events[-1]
    assert (last["event"], last["reason"]) == ("interrupted", "max_duration")
    assert last["step"] == last["checkpoint_step"] == job.of("checkpoint")[-1]["step"] > 0
    assert json.loads(job.termination_log.read_text()) == last
    further = jobs.document(
        "lora", f"long-{framework}", framework=framework, hyperparameters__max_steps=last["step"] + 2
    )
    again = jobs.run(further)
    assert again.process.returncode == 0, again.explained()
    assert again.of("started")[0]["resume_step"] == last["step"]
    assert [event["step"] for event in again.of("step")] == [last["step"] + 1, last["step"] + 2]


def test_a_duration_that_is_over_before_the_first_step_trains_nothing(jobs: Jobs) -> None:
    job = jobs.run(jobs.document("lora", "too-short", max_duration_seconds=0.001))
    assert job.process.returncode == 143, job.explained()
    last = job.events[-1]
    assert (last["event"], last["reason"]) == ("interrupted", "max_duration")
    assert (last["step"], last["checkpoint_step"], job.of("step")) == (0, None, [])
