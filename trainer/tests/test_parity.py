"""A job takes the very steps of a plain script that uses the libraries as their manuals show."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, Jobs, Started

PLAIN = ROOT / "tests" / "plain.py"


def plain(jobs: Jobs, method: str, directory: Path, *checkpoint: str) -> list[dict[str, float]]:
    file = directory / "run.json"
    file.write_text(json.dumps(jobs.document(method, "plain")))
    done = subprocess.run(
        [sys.executable, str(PLAIN), str(file), str(directory), *checkpoint], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith(b'{"step": ')]


@pytest.mark.parametrize("method", ["full", "lora"])
def test_every_step_has_the_loss_and_the_weights_of_a_plain_script(
    jobs: Jobs, undisturbed: dict[str, Started], method: str, tmp_path: Path
) -> None:
    from safetensors.torch import load_file

    steps = plain(jobs, method, tmp_path)
    told = undisturbed[method].of("step")
    assert len(told) == len(steps) == 60
    for name in ("loss", "learning_rate", "grad_norm"):
        assert [event[name] for event in told] == [step[name] for step in steps]
    name = "model.safetensors" if method == "full" else "adapter_model.safetensors"
    ours = load_file(Path(undisturbed[method].events[-1]["artifacts"]) / name)
    theirs = load_file(tmp_path / name)
    assert ours.keys() == theirs.keys()
    assert all(ours[key].equal(theirs[key]) for key in ours)


def test_a_plain_script_goes_on_from_a_checkpoint_of_ours(
    jobs: Jobs, undisturbed: dict[str, Started], tmp_path: Path
) -> None:
    checkpoint = undisturbed["lora"].of("checkpoint")[-2]
    steps = plain(jobs, "lora", tmp_path, checkpoint["uri"])
    told = [event for event in undisturbed["lora"].of("step") if event["step"] > checkpoint["step"]]
    assert [step["loss"] for step in steps] == [event["loss"] for event in told]
