"""The four verbs against a real server."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest
from conftest import until

from trainyard import Refused, TrainingManager, TrainingManagerK8s
from trainyard.manager import Executor

CONFIG: dict[str, Any] = {
    "framework": "timm",
    "task_type": "image_classification",
    "model_name": "resnet50",
    "dataset_path": "datasets/cats",
    "dataset_format": "imagefolder",
    "epochs": 3,
    "batch_size": 8,
    "learning_rate": 0.001,
}


def call(url: str, method: str, path: str, body: object = None) -> Any:
    headers = {"Content-Type": "application/json", "X-Internal-Auth": "of-the-tests"}
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url + path, data, headers, method=method), timeout=30) as answer:
        return json.load(answer)


def events(url: str, job_id: int) -> str:
    name = call(url, "GET", f"/vision/api/v1/training/jobs/{job_id}")["execution_id"]
    return json.dumps(call(url, "GET", f"/api/v1/jobs/{name}/events"))


@pytest.mark.parametrize(("job_id", "executor"), [(101, "subprocess"), (102, "kubernetes")])
def test_a_job_is_started_looked_at_read_and_stopped(url: str, job_id: int, executor: Executor) -> None:
    manager = TrainingManager(url)
    assert manager.create_job({**CONFIG, "job_id": job_id}) == job_id
    assert manager.get_training_status(job_id) == "pending"
    assert manager.start_training(job_id, executor=executor) is True
    assert manager.get_training_status(job_id) == "running"
    until(lambda: '"running"' in events(url, job_id), lambda: events(url, job_id))
    call(url, "POST", f"/vision/internal/training/{job_id}/logs", {"message": "epoch 1 of 3"})
    until(lambda: "epoch 1 of 3" in manager.get_training_logs(job_id), lambda: manager.get_training_logs(job_id))
    assert len(manager.get_training_logs(job_id, tail_lines=1).splitlines()) == 1
    assert manager.stop_training(job_id) is True
    assert manager.get_training_status(job_id) == "cancelled"
    fell_back = "kubernetes takes no jobs here" in events(url, job_id)
    assert fell_back == (executor == "kubernetes")


def test_the_first_implementations_name_and_arguments_work(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRAINYARD_URL", url)
    manager = TrainingManagerK8s({103: CONFIG}, default_executor="kubernetes")
    assert manager.start_training(job_id=103) is True
    assert manager.start_training(job_id=103) is False
    assert manager.get_training_status(103) == "running"
    assert manager.stop_training(103) is True
    assert TrainingManagerK8s(object()).start_training(104) is False


def test_a_checkpoint_to_resume_from_is_part_of_the_job(url: str) -> None:
    manager = TrainingManager(url, jobs=lambda job_id: CONFIG if job_id == 105 else None)
    assert manager.start_training(105, checkpoint_path="best.pt", resume=True) is True
    job = call(url, "GET", "/vision/api/v1/training/jobs/105")
    assert (job["checkpoint_path"], job["resume"]) == ("best.pt", True)


def test_unknown_jobs_and_servers_answer_as_the_first_implementation_did(url: str) -> None:
    for manager in (TrainingManager(url), TrainingManager("http://127.0.0.1:9")):
        assert manager.start_training(999) is False
        assert manager.get_training_status(999) is None
        assert manager.get_training_logs(999) == ""
        assert manager.stop_training(999) is False


def test_nonsense_is_refused_where_it_is_said(url: str) -> None:
    with pytest.raises(ValueError, match="cloud"):
        TrainingManager(url, "cloud")  # type: ignore[arg-type]
    with pytest.raises(Refused, match="epochs"):
        TrainingManager(url).create_job({**CONFIG, "epochs": 0})
