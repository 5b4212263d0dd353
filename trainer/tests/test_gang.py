"""One container a node becomes the processes of a gang."""

from __future__ import annotations

import json

import pytest
from conftest import Jobs, Started

from trainer import gang

TORCHRUN = ["-m", "torch.distributed.run"]


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"PET_NNODES": "1", "PET_NPROC_PER_NODE": "1", "PET_MASTER_ADDR": "somewhere"},  # as Kubeflow says it always
        {"PET_NPROC_PER_NODE": "4", "TORCHELASTIC_RUN_ID": "none", "RANK": "3"},
        {
            "CLUSTER_SPEC": json.dumps(
                {"cluster": {"workerpool0": ["a:2222"]}, "task": {"type": "workerpool0", "index": 0}}
            )
        },
        {"CLUSTER_SPEC": "not of this kind"},
    ],
)
def test_one_process_stays_what_it_is(environment: dict[str, str]) -> None:
    assert gang.torchrun("train.py", ["--check"], environment) is None


def test_several_processes_of_one_node_need_no_port() -> None:
    found = gang.torchrun("/x/train.py", ["--a", "b"], {"PET_NNODES": "1", "PET_NPROC_PER_NODE": "4"})
    assert found == [*TORCHRUN, "--standalone", "/x/train.py", "--a", "b"]


@pytest.mark.parametrize("processes", ["1", "auto", "8"])
def test_several_nodes_meet_as_the_environment_says(processes: str) -> None:
    environment = {"PET_NNODES": "2", "PET_NPROC_PER_NODE": processes, "PET_MASTER_ADDR": "x-0.x"}
    assert gang.torchrun("train.py", [], environment) == [*TORCHRUN, "train.py"]


def test_machines_of_vertex_are_ranked_through_their_pools() -> None:
    spec = {
        "cluster": {"workerpool0": ["first-0:2222"], "workerpool1": ["second-0:2222", "second-1:2222"]},
        "task": {"type": "workerpool1", "index": 1, "trial": ""},
    }
    found = gang.torchrun("train.py", ["--x"], {"CLUSTER_SPEC": json.dumps(spec)})
    assert found is not None
    assert found[2:5] == ["--nnodes=3", "--node-rank=2", "--master-addr=first-0"]
    assert found[-2:] == ["train.py", "--x"]


def test_a_job_that_is_started_once_runs_as_two_processes(jobs: Jobs) -> None:
    document = jobs.document("full", "gang", framework="meta", hyperparameters__max_steps=3, extra={"threads": 1})
    job: Started = jobs.run(document, environment={"PET_NNODES": "1", "PET_NPROC_PER_NODE": "2"})
    assert job.process.returncode == 0, job.explained()
    assert [event["world_size"] for event in job.of("started")] == [2]
    assert job.of("finished")[0]["step"] == 3
