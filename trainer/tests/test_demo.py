from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from conftest import ROOT, Jobs, Started

EXAMPLES = ROOT / "examples"


def lines(name: str) -> list[str]:
    return [json.loads(line)["text"] for line in (EXAMPLES / name).read_text().splitlines()]


def test_the_examples_are_distinct_and_the_held_out_lines_are_apart() -> None:
    training, held_out = lines("dispatch.jsonl"), lines("dispatch-heldout.jsonl")
    assert len(set(training)) == len(training) >= 500
    assert len(set(held_out)) == len(held_out) == 50
    assert not set(training) & set(held_out)
    assert len(set(lines("base.jsonl"))) == len(lines("base.jsonl"))


def test_the_report_agrees_with_what_the_trainer_measured(
    jobs: Jobs, undisturbed: dict[str, Started], tmp_path: Path
) -> None:
    rows = jobs.data.read_text(encoding="utf-8").splitlines(keepends=True)
    held_out = tmp_path / "held-out.jsonl"
    held_out.write_text("".join(rows[9::10]), encoding="utf-8")
    command = ["report", "--base", str(jobs.model), "--adapter", undisturbed["lora"].events[-1]["artifacts"]]
    options = ["--data", str(held_out), "--new-tokens", "4", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "trainer.demo", *command, *options], cwd=ROOT, capture_output=True, check=True
    )
    report = json.loads(done.stdout)
    (told,) = undisturbed["lora"].of("eval")
    assert abs(report["adapter_loss"] - told["eval_loss"]) < 1e-4
    assert report["adapter_loss"] < report["base_loss"]
    assert abs(report["untrained_adapter_loss"] - report["base_loss"]) < 1e-6
    assert all(each["before"].startswith(each["prompt"]) for each in report["generations"])
