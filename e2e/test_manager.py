"""The published training manager over a real Kubernetes and over this machine: start, status, logs, stop, fallback."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from trainyard import TrainingManagerK8s
from trainyard.manager import Executor

from cluster import Cluster
from conftest import Server, until
from pictures import SIDE, pictures


def config(folder: Path, epochs: int) -> dict[str, Any]:
    return {
        "framework": "timm",
        "task_type": "image_classification",
        "model_name": "resnet10t",
        "dataset_path": str(folder),
        "dataset_format": "imagefolder",
        "num_classes": 2,
        "image_size": SIDE,
        "epochs": epochs,
        "batch_size": 4,
        "learning_rate": 0.01,
        "pretrained": False,
        "device": "cpu",
    }


def newest(server: Server) -> str:
    """A job that is started on another executor than it was created for is written anew."""
    return str(server.call("GET", "/api/v1/jobs?limit=1")["jobs"][0]["id"])


def ended(manager: TrainingManagerK8s, job: int) -> None:
    going = ("pending", "running")
    until(lambda: manager.get_training_status(job) not in going, 200, lambda: shown(manager, job))


def shown(manager: TrainingManagerK8s, job: int) -> str:
    return f"{manager.get_training_status(job)}\n{manager.get_training_logs(job)}"


def test_it_trains_to_the_end(on_cluster: Server, cluster: Cluster, tmp_path: Path) -> None:
    manager = TrainingManagerK8s({7: config(pictures(tmp_path / "pictures"), 2)}, "kubernetes", url=on_cluster.url)
    assert manager.get_training_status(7) is None
    assert manager.start_training(7)
    assert manager.get_training_status(7) in ("pending", "running")
    ended(manager, 7)
    assert manager.get_training_status(7) == "completed", shown(manager, 7)
    assert '"finished"' in manager.get_training_logs(7)
    assert manager.stop_training(7), "what has ended is stopped"
    assert not manager.start_training(7), "a job is started once"


@pytest.mark.parametrize("executor", ["kubernetes", "subprocess"])
def test_it_stops(on_cluster: Server, cluster: Cluster, tmp_path: Path, executor: Executor) -> None:
    manager = TrainingManagerK8s({8: config(pictures(tmp_path / "pictures"), 1_000)}, executor, url=on_cluster.url)
    assert manager.start_training(8)
    until(lambda: '"step"' in manager.get_training_logs(8), 100, lambda: shown(manager, 8))
    assert manager.get_training_status(8) == "running"
    assert manager.stop_training(8)
    ended(manager, 8)
    assert manager.get_training_status(8) == "cancelled"
    job = newest(on_cluster)
    assert on_cluster.wait(job, 60)["state"] == "cancelled"
    until(lambda: not cluster.objects("jobs", job), 30, lambda: str(cluster.objects("jobs", job)))


def test_a_cluster_that_is_out_of_reach_is_made_up_for_by_this_machine(
    on_cluster: Server, cluster: Cluster, tmp_path: Path
) -> None:
    manager = TrainingManagerK8s({9: config(pictures(tmp_path / "pictures"), 2)}, "kubernetes", url=on_cluster.url)
    cluster.api("stop")
    try:
        assert manager.start_training(9)
        ended(manager, 9)
    finally:
        cluster.api("start")
    assert manager.get_training_status(9) == "completed", shown(manager, 9)
    assert on_cluster.call("GET", "/vision/api/v1/training/jobs/9")["executor_type"] == "subprocess"
    told = on_cluster.call("GET", f"/api/v1/jobs/{newest(on_cluster)}/events")["events"]
    assert [each for each in told if each["kind"] == "fallback"], told
