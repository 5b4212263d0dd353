"""Every framework that trains without a GPU, asked for over HTTP and trained for real, each in its own environment."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from conftest import ROOT, Server, until
from pictures import SIDE, pictures

STEPS = 6


def need(framework: str) -> None:
    make = [ROOT / "trainer" / "environment", framework]
    made = subprocess.run(make, stdout=subprocess.DEVNULL, check=False)
    if made.returncode != 0:
        pytest.skip(f"NOT TRAINED: the environment of {framework} could not be made, see above")


def curve(server: Server, job: str, name: str = "loss") -> list[float]:
    series = server.call("GET", f"/api/v1/jobs/{job}/metrics?name={name}")["series"]
    return [point["value"] for each in series for point in each["points"]]


def printed(server: Server, job: str) -> str:
    return "\n".join(line["text"] for line in server.call("GET", f"/api/v1/jobs/{job}/logs?limit=1000")["lines"])


@pytest.mark.parametrize("framework", ["meta", "nemo"])
def test_a_request_of_a_trainer_api_is_trained_by_the_recipe_of_its_framework(
    server: Server, base: Path, tmp_path: Path, framework: str
) -> None:
    need(framework)
    provider = "meta" if framework == "meta" else "nemo"
    server.call(
        "POST",
        f"/{framework}/train",
        {
            "job_id": f"e2e-{framework}",
            "base_model": {"provider": provider, "model_name": str(base)},
            "datasets": [{"source": str(ROOT / "trainer" / "examples" / "dispatch.jsonl"), "format": "jsonl"}],
            "customization": {"method": "full", "precision": "fp32", "gradient_checkpointing": False},
            "resources": {"gpus": 4, "gpu_type": "A100", "cpus": 1, "memory_gb": 128, "max_duration_minutes": 10},
            "artifacts": {"log_uri": str(tmp_path / "logs"), "output_uri": str(tmp_path / "output")},
            "tuning_parameters": {"learning_rate": 0.01, "batch_size": 4, "num_epochs": 1, "max_sequence_length": 64},
            "extra_parameters": {"trainer": {"max_steps": STEPS, "seed": 7}},
        },
    )
    [job] = server.call("GET", "/api/v1/jobs")["jobs"]
    ended = server.wait(job["id"])
    assert ended["state"] == "succeeded", printed(server, job["id"])
    assert f'"framework": "{framework}"' in printed(server, job["id"])
    losses = curve(server, job["id"])
    assert len(losses) == STEPS
    assert losses[-1] < losses[0]


@pytest.mark.parametrize(("framework", "model"), [("timm", "resnet10t"), ("ultralytics", "yolo11n-cls")])
def test_a_job_of_pictures_trains_on_this_machine(server: Server, tmp_path: Path, framework: str, model: str) -> None:
    need("ultralytics")
    jobs = "/vision/api/v1/training/jobs"
    asked: dict[str, Any] = {
        "job_id": 7,
        "framework": framework,
        "task_type": "image_classification",
        "model_name": model,
        "dataset_path": str(pictures(tmp_path / "pictures")),
        "dataset_format": "imagefolder",
        "num_classes": 2,
        "image_size": SIDE,
        "epochs": 2,
        "batch_size": 4,
        "learning_rate": 0.01,
        "pretrained": False,
        "device": "cpu",
        "executor": "subprocess",
    }
    server.call("POST", jobs, asked)
    server.call("POST", f"{jobs}/7/start", {})
    [job] = server.call("GET", "/api/v1/jobs")["jobs"]
    until(lambda: server.job(job["id"])["state"] in ("succeeded", "failed"), 300, lambda: str(server.job(job["id"])))
    assert server.call("GET", f"{jobs}/7")["status"] == "completed", printed(server, job["id"])
    assert f'"framework": "{framework}"' in printed(server, job["id"])
    assert len(curve(server, job["id"])) >= 2
