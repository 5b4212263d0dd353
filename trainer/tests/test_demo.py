from __future__ import annotations

import json
import subprocess
import sys

from conftest import ROOT, Jobs

EXAMPLES = ROOT / "examples"


def lines(name: str) -> list[str]:
    return [json.loads(line)["text"] for line in (EXAMPLES / name).read_text().splitlines()]


def test_the_examples_are_distinct_and_the_held_out_lines_are_apart() -> None:
    training, held_out = lines("dispatch.jsonl"), lines("dispatch-heldout.jsonl")
    assert len(set(training)) == len(training) >= 500
    assert len(set(held_out)) == len(held_out) == 50
    assert not set(training) & set(held_out)
    assert len(set(lines("base.jsonl"))) == len(lines("base.jsonl"))


def test_the_report_agrees_with_what_the_trainer_measured(jobs: Jobs) -> None:
    held_out = EXAMPLES / "dispatch-heldout.jsonl"
    document = jobs.document("lora", "report", extra__eval_file=str(held_out), hyperparameters__max_steps=5)
    job = jobs.run(document)
    assert job.process.returncode == 0, job.explained()
    told = job.of("eval")[-1]["eval_loss"]
    command = ["report", "--base", str(jobs.model), "--adapter", job.events[-1]["artifacts"]]
    options = ["--data", str(held_out), "--new-tokens", "4", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "trainer.demo", *command, *options], cwd=ROOT, capture_output=True, check=True
    )
    report = json.loads(done.stdout)
    assert abs(report["adapter_loss"] - told) < 1e-4
    assert report["adapter_loss"] != report["base_loss"]
    assert abs(report["untrained_adapter_loss"] - report["base_loss"]) < 1e-6
    assert all(each["before"].startswith(each["prompt"]) for each in report["generations"])
