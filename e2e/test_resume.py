"""A run that is killed goes on in a new attempt and ends with the very weights of a run that was not."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from conftest import ROOT, Server, until

STEPS = 60
EVERY = 10


def body(name: str, base: Path, output: Path, method: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "model": {"name": str(base), "provider": "custom"},
        "datasets": [{"source": str(ROOT / "trainer" / "examples" / "dispatch.jsonl")}],
        "method": {"precision": "fp32", "gradient_checkpointing": False, **method},
        "hyperparameters": {
            "learning_rate": 0.005,
            "batch_size": 8,
            "max_steps": STEPS,
            "max_sequence_length": 128,
            "seed": 7,
        },  # fmt: skip
        "checkpoints": {"every_steps": EVERY},
        "outputs": {"uri": str(output)},
        "resources": {"cpus": 1, "memory_gib": 1},
        "policy": {"user_retries": 1},
    }


def processes(job: str, training_only: bool) -> list[int]:
    """The living processes of a job, known by the environment they were given."""
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            environment = (folder / "environ").read_bytes()
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if job.encode() in environment and (not training_only or b"train.py" in command):
            found.append(int(folder.name))
    return found


def weights(folder: Path) -> dict[str, torch.Tensor]:
    file = next(iter(sorted(folder.glob("*.safetensors"))))
    return load_file(file)


@pytest.mark.parametrize(
    ("method", "supervisor_too"),
    [
        ({"kind": "lora", "lora": {"rank": 8, "alpha": 16, "dropout": 0.1}}, True),
        ({"kind": "full"}, False),
    ],
    ids=["lora, killed with its supervisor and the server", "full, killed alone"],
)
def test_a_killed_run_resumes_to_equal_weights(
    server: Server, base: Path, tmp_path: Path, method: dict[str, Any], supervisor_too: bool
) -> None:
    disturbed, undisturbed = tmp_path / "disturbed", tmp_path / "undisturbed"
    calm = server.call("POST", "/api/v1/jobs", body("undisturbed", base, undisturbed, method))["id"]
    killed = server.call("POST", "/api/v1/jobs", body("disturbed", base, disturbed, method))["id"]

    def far_enough() -> bool:
        progress = server.job(killed)["progress"]
        return progress is not None and (progress["checkpoint_step"] or 0) >= EVERY and progress["step"] % EVERY > 2

    until(far_enough, 240, lambda: str(server.job(killed)))
    reached = server.job(killed)["progress"]["step"]
    assert reached < STEPS
    if supervisor_too:
        server.kill()
    victims = processes(killed, training_only=not supervisor_too)
    assert victims
    for victim in victims:
        os.kill(victim, signal.SIGKILL)
    if supervisor_too:
        server.start()

    ended = server.wait(killed)
    assert ended["state"] == "succeeded", ended
    assert len(ended["attempts"]) == 2
    assert server.wait(calm)["state"] == "succeeded"
    assert len(server.job(calm)["attempts"]) == 1

    steps = server.call("GET", f"/api/v1/jobs/{killed}/metrics?name=loss")["series"][0]["points"]
    second = [point["step"] for point in steps if point["attempt"] == 2]
    assert second[0] > EVERY, "the second attempt starts behind a checkpoint, not at the beginning"
    assert second[-1] == STEPS
    one, other = weights(disturbed), weights(undisturbed)
    assert one.keys() == other.keys() and one
    for name, value in one.items():
        assert torch.equal(value, other[name]), name
