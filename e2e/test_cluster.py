"""Jobs of three contracts on a real Kubernetes whose pods are processes: the real trainer, and a bucket."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from bucket import Bucket
from cluster import IMAGE, Cluster, Pushes
from conftest import Server, until

STEPS = 8


def losses(server: Server, job: str) -> list[tuple[int, int, float]]:
    series = server.call("GET", f"/api/v1/jobs/{job}/metrics?name=loss")["series"]
    return [(point["attempt"], point["step"], point["value"]) for each in series for point in each["points"]]


def printed(server: Server, job: str) -> list[dict[str, Any]]:
    lines = server.call("GET", f"/api/v1/jobs/{job}/logs?limit=1000")["lines"]
    return [json.loads(line["text"]) for line in lines if line["text"].startswith("{")]


def trained(server: Server, job: str, kept: Pushes) -> None:
    ended = server.wait(job, 170)
    assert ended["state"] == "succeeded", json.dumps(ended, indent=1)
    curve = losses(server, job)
    assert [step for _, step, _ in curve] == list(range(1, STEPS + 1))
    assert curve[-1][2] < curve[0][2]
    events = printed(server, job)
    assert [each["step"] for each in events if each["event"] == "step"] == list(range(1, STEPS + 1))
    assert events[-1]["event"] == "finished"
    assert kept.of(job) and set(kept.of(job)) == {200}, kept.seen


def test_requests_of_three_contracts_train_as_three_kinds_of_objects(
    on_cluster: Server, cluster: Cluster, bucket: Bucket, base: Path, pushes: tuple[Pushes, str]
) -> None:
    trainer_job = {
        "job_id": "e2e-trainjob",
        "base_model": {"provider": "custom", "model_name": str(base)},
        "datasets": [{"source": "s3://runs/dispatch.jsonl", "format": "jsonl"}],
        "customization": {"method": "lora", "precision": "fp32", "gradient_checkpointing": False, "lora": {"rank": 8}},
        "resources": {"gpus": 1, "gpu_type": "H100", "cpus": 1, "memory_gb": 2, "max_duration_minutes": 10},
        "artifacts": {"log_uri": "s3://runs/t3/logs", "output_uri": "s3://runs/t3"},
        "tuning_parameters": {"learning_rate": 0.01, "batch_size": 4, "num_epochs": 1, "max_sequence_length": 64},
        "extra_parameters": {
            "container_image": IMAGE,
            "trainer": {"max_steps": STEPS, "seed": 7, "checkpoint_every_steps": 4},
        },
    }
    unified = {
        "framework": "hf",
        "model_id": str(base),
        "run_id": "e2e-pytorchjob",
        "image": IMAGE,
        "checkpoint_base_uri": "s3://runs/unified",
        "dataset_uri": "s3://runs/dispatch.jsonl",
        "num_nodes": 2,
        "gpus_per_node": 1,
        "cpus_per_node": 1,
        "memory_per_node_gb": 2,
        "extra_args": {"method": "lora", "max_steps": STEPS, "max_seq_len": 64, "lr": 0.01, "precision": "fp32"},
    }
    studio = {
        "backend": "kubernetes",
        "job_name": "e2e-job",
        "dataset_file": "s3://runs/text.jsonl",
        "output_dir": "s3://runs/studio",
        "model": str(base),
        "trainer_args": {"method": "lora", "max_steps": STEPS, "max_length": 64, "learning_rate": 0.01},
        "no_gradient_checkpointing": True,
        "lora_rank": 8,
    }
    server, kept = on_cluster, pushes[0]
    server.call("POST", "/hf-unsloth/train", trainer_job)
    server.call("POST", "/unified/train", unified)
    server.call("POST", "/studio/train", studio)
    jobs = {each["contract"]: each["id"] for each in server.call("GET", "/api/v1/jobs")["jobs"]}
    kinds = {"trainer": "TrainJob", "unified": "PyTorchJob", "studio": "Job"}
    for contract, kind in kinds.items():
        trained(server, jobs[contract], kept)
        told = server.call("GET", f"/api/v1/jobs/{jobs[contract]}/events")["events"]
        assert any(event["message"].startswith(f"accepted as {kind} ") for event in told), told
    assert bucket.checkpoints("t3") and bucket.checkpoints("unified") and bucket.checkpoints("studio")
    world = {event["world_size"] for event in printed(server, jobs["unified"]) if event["event"] == "started"}
    assert world == {2}
    unified_log = server.call("GET", f"/api/v1/jobs/{jobs['unified']}/logs?limit=1000")["lines"]
    assert {line["rank"] for line in unified_log} <= {0, 1}


@pytest.mark.parametrize("backend", ["kubernetes", "kubeflow"])
def test_two_nodes_that_are_told_no_command_train_one_job_together(
    on_cluster: Server, cluster: Cluster, base: Path, backend: str
) -> None:
    server = on_cluster
    asked = {
        "name": f"together-{backend}",
        "model": {"name": str(base), "provider": "custom"},
        "datasets": [{"source": "s3://runs/dispatch.jsonl"}],
        "method": {"kind": "lora", "precision": "fp32", "gradient_checkpointing": False},
        "hyperparameters": {"batch_size": 4, "max_steps": 4, "max_sequence_length": 64, "seed": 7},
        "outputs": {"uri": f"s3://runs/together-{backend}"},
        "resources": {"nodes": 2, "cpus": 1, "memory_gib": 2},
        "placement": {"backends": [backend], "runtime": "hf-unsloth-runtime"}
        if backend == "kubeflow"
        else {"backends": [backend]},
    }
    job = server.call("POST", "/api/v1/jobs", asked)["id"]
    ended = server.wait(job, 170)
    assert ended["state"] == "succeeded", json.dumps(ended, indent=1)
    events = printed(server, job)
    assert [event["world_size"] for event in events if event["event"] == "started"] == [2]
    assert [event["step"] for event in events if event["event"] == "finished"] == [4]


def test_a_trainer_that_is_killed_resumes_in_a_new_attempt_from_its_last_complete_checkpoint(
    on_cluster: Server, cluster: Cluster, bucket: Bucket, base: Path
) -> None:
    steps, every = 40, 5
    server = on_cluster
    job = server.call(
        "POST",
        "/api/v1/jobs",
        {
            "name": "killed",
            "model": {"name": str(base), "provider": "custom"},
            "datasets": [{"source": "s3://runs/dispatch.jsonl"}],
            "method": {"kind": "lora", "precision": "fp32", "gradient_checkpointing": False},
            "hyperparameters": {"batch_size": 8, "max_steps": steps, "max_sequence_length": 128, "seed": 7},
            "checkpoints": {"uri": "s3://runs/killed/checkpoints", "every_steps": every},
            "outputs": {"uri": "s3://runs/killed"},
            "resources": {"cpus": 1, "memory_gib": 2},
            "placement": {"backends": ["kubeflow"], "runtime": "hf-unsloth-runtime"},
            "policy": {"user_retries": 1},
        },
    )["id"]

    def container() -> str:
        names = [each["metadata"]["name"] for each in cluster.objects("trainjobs", job)]
        for pod in cluster.objects("pods"):
            if pod["metadata"]["labels"].get("jobset.sigs.k8s.io/jobset-name") in names:
                [status] = pod["status"].get("containerStatuses", [{}])
                return status.get("containerID", "")
        return ""

    def far_enough() -> bool:
        progress = server.job(job)["progress"]
        return progress is not None and (progress["checkpoint_step"] or 0) >= every and progress["step"] % every > 1

    # Whom to kill is known beforehand: looking for it then takes as long as the steps that are left.
    until(lambda: bool(container()), 60, lambda: str(server.job(job)))
    process = int(container().removeprefix("process://"))
    until(far_enough, 150, lambda: str(server.job(job)))
    os.kill(process, signal.SIGKILL)
    until(lambda: server.job(job)["state"] != "running", 60, lambda: str(server.job(job)))
    saved = max(int(name[-11:-5]) for name in bucket.checkpoints("killed"))

    ended = server.wait(job, 170)
    assert ended["state"] == "succeeded", json.dumps(ended, indent=1)
    assert len(ended["attempts"]) == 2
    assert "SIGKILL" in json.dumps(ended["attempts"][0])
    # A step is told twice, by its line and by its push, and kept as it comes first: neighbours may change places.
    second = sorted(step for attempt, step, _ in losses(server, job) if attempt == 2)
    assert second == list(range(saved + 1, steps + 1))
    assert not cluster.objects("trainjobs", job)
